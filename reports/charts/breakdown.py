"""Plots where the time of the p50 and of the p99 request goes, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts.canvas import Format, caption, label, panel, picture, resize, width_px
from reports.charts.chart_data import Chart, Scene
from reports.charts.formatting import ms, share
from reports.charts.palette import mark
from reports.data.quantities import number
from reports.figures.latency_breakdown import Composition, TimeShare, Where

MOST_STAGES = 8
_ROW_PX, _BAR_PX = 42, 16
_KEY_PX, _CAPTION_PX, _TICKS_PX = 28, 30, 30
_LEFT_PX = 6
_HEADROOM = 1.16
"""Room for the figure at the end of the longest bar."""


class Part(NamedTuple):
    """A part of a request's time: its field, its colour, its name in the key and in a sentence."""

    field: str
    role: str
    name: str
    words: str

    def of(self, composition: Composition) -> float:
        """How long it took, in ms."""
        return float(getattr(composition, self.field))


PARTS = (
    Part("unsent_ms", "load", "not yet sent", "waiting to be sent"),
    Part("queue_ms", "queue", "queue", "queueing"),
    Part("inference_ms", "inference", "inference", "inference"),
    Part("rest_ms", "rest", "rest", "outside queue and inference"),
)
_FRACTIONS = (
    (0.25, "A quarter"),
    (1 / 3, "A third"),
    (0.5, "Half"),
    (2 / 3, "Two thirds"),
    (0.75, "Three quarters"),
)
_NEAR, _ALL = 0.02, 0.95
_SEEN = 0.01
"""Share of a request's time that waiting to be sent must have somewhere to be told apart."""


def where_the_time_goes(scene: Scene) -> Chart | None:
    """A bar a stage, for the p50 and for the p99 request, cut into what the time was spent on."""
    found = scene.summary.where
    if found is None:
        return None
    shown = shown_parts(found)
    return Chart(
        "where",
        "Where the time goes",
        _title(found.total),
        _figures(found.total),
        picture("where", lambda figure, page: _paint(figure, page, rows(found), shown)),
        _reading(found),
    )


def rows(found: Where) -> tuple[TimeShare, ...]:
    """What is drawn and tabled: the whole, then its stages, of many those whose p99 was highest."""
    if len(found.stages) < 2:
        return (found.total,)
    slowest = sorted(found.stages, key=lambda stage: -stage.p99.latency_ms)[:MOST_STAGES]
    return (found.total, *(stage for stage in found.stages if stage in slowest))


def shown_parts(found: Where) -> tuple[Part, ...]:
    """The parts worth a colour: waiting to be sent only where it was seen."""
    every = [composition for part in (found.total, *found.stages) for composition in (part.p50, part.p99)]
    unsent = any(each.unsent_ms > _SEEN * each.latency_ms for each in every)
    return PARTS if unsent else PARTS[1:]


def _title(total: TimeShare) -> str:
    slow, slow_part = _largest(total.p99)
    usual, usual_part = _largest(total.p50)
    text = f"{_fraction(slow)} the p99 request's {ms(total.p99.latency_ms)} was {slow_part.words}"
    if usual_part != slow_part:
        part = _fraction(usual)
        text += f"; at p50, {part[0].lower()}{part[1:]} {ms(total.p50.latency_ms)} was {usual_part.words}"
    return text


def _largest(composition: Composition) -> tuple[float, Part]:
    part = max(PARTS, key=lambda part: part.of(composition))
    return part.of(composition) / (composition.latency_ms or 1.0), part


def _fraction(part: float) -> str:
    """How a share begins a sentence: 'Half of', 'Nearly all of', '62 % of'."""
    if part >= _ALL:
        return "Nearly all of"
    named = [words for fraction, words in _FRACTIONS if abs(part - fraction) <= _NEAR]
    return f"{named[0] if named else share(round(part, 2))} of"


def _figures(total: TimeShare) -> str:
    told = [
        f"The {name} request took {ms(composition.latency_ms)}: "
        + ", ".join(f"{part.name} {ms(part.of(composition))}" for part in PARTS if part.of(composition) > 0)
        for name, composition in (("p50", total.p50), ("p99", total.p99))
    ]
    text = ". ".join(told) + "."
    if total.floor_ms is not None:
        text += (
            f" A readiness probe's median round trip took {ms(total.floor_ms)}: "
            "about what network and proxies cost any request."
        )
    return text


def _reading(found: Where) -> str:
    total = found.total
    text = (
        "Queue and inference are what the service says in Server-Timing; the rest is network, proxies, "
        "parsing and the client, and waiting before the service reads a request. A percentile is made of "
        "what the replies around it are made of, half a percent of all on either side: at p99 "
        + (
            f"{total.p99.replies:,} replies of {ms(total.p99.low_ms)} to {ms(total.p99.high_ms)}."
            if total.p99.replies > 1
            else "a single reply."
        )
    )
    if _floors(rows(found)):
        text += " The stroke is the readiness probe's round trip, where the rest is as long."
    if total.timed < total.answered:
        text += f" Only {total.timed:,} of {total.answered:,} answers say it; their p99 may be another."
    if len(found.stages) > MOST_STAGES:
        text += f" Of {len(found.stages)} stages, the {MOST_STAGES} with the highest p99 are shown."
    return text


def _floors(shares: Sequence[TimeShare]) -> bool:
    """Whether the probe's round trip is short enough to be marked in any bar."""
    return any(_floor(each, part) is not None for each in shares for part in (each.p50, each.p99))


def _floor(whole: TimeShare, composition: Composition) -> float | None:
    """Where in a bar the probe's round trip ends if it begins with the rest, in ms; None beyond its end."""
    if whole.floor_ms is None or whole.floor_ms > composition.rest_ms:
        return None
    return composition.latency_ms - composition.rest_ms + whole.floor_ms


def _paint(figure: Figure, page: Format, shares: Sequence[TimeShare], parts: Sequence[Part]) -> None:
    height_px = len(shares) * _ROW_PX
    block_px = _CAPTION_PX + height_px + _TICKS_PX
    resize(figure, page, _KEY_PX + block_px * (1 if page.wide else 2) + (0 if page.wide else 14))
    for place, name in enumerate(("p50", "p99")):
        compositions: list[Composition] = [getattr(each, name) for each in shares]
        beside = _column(page, place)
        top_px = _KEY_PX + _CAPTION_PX + (0 if page.wide else place * (block_px + 14))
        axes = panel(figure, beside, height_px, top_px=top_px)
        _bars(axes, page, shares, compositions, parts)
        caption(axes, replace(beside, left_px=0), f"the {name} request, ms", above_px=10)
    _key(figure, page, parts, floor=_floors(shares))


def _column(page: Format, place: int) -> Format:
    """Where the panel of p50 or of p99 stands: side by side on a wide page, else below each other."""
    if not page.wide:
        return replace(page, left_px=_LEFT_PX, right_px=10)
    half_px = (page.width_px - 48) / 2
    left_px = _LEFT_PX + place * (half_px + 36)
    return replace(page, left_px=left_px, right_px=page.width_px - left_px - half_px)


def _bars(
    axes: Axes,
    page: Format,
    shares: Sequence[TimeShare],
    compositions: Sequence[Composition],
    parts: Sequence[Part],
) -> None:
    axes.set_xlim(0, max(max(each.latency_ms for each in compositions), 1e-3) * _HEADROOM)
    axes.set_ylim(len(shares) * _ROW_PX, 0)
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x", color=mark("rule"), linewidth=0.8)
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    for row, (whole, composition) in enumerate(zip(shares, compositions, strict=True)):
        middle = (row + 1) * _ROW_PX - _BAR_PX / 2 - 4
        start = 0.0
        for part in parts:
            length = part.of(composition)
            axes.barh(middle, length, _BAR_PX, left=start, color=mark(part.role), linewidth=0, zorder=3)
            start += length
        if (floor := _floor(whole, composition)) is not None:
            half_px = _BAR_PX / 2 + 2
            axes.plot(
                (floor, floor), (middle - half_px, middle + half_px), color=mark("ink"), lw=1.6, zorder=4
            )
        _write(axes, page, (0, middle - _BAR_PX / 2), (0, 6), label(whole.name, 32), "muted")
        _write(axes, page, (start, middle), (6, -0.35 * page.font_px), number(composition.latency_ms), "ink")


def _write(
    axes: Axes, page: Format, place: tuple[float, float], offset_px: tuple[float, float], text: str, role: str
) -> None:
    axes.annotate(
        text,
        place,
        xytext=offset_px,
        textcoords="offset pixels",
        fontsize=page.font_px,
        color=mark(role),
        zorder=5,
    )


def _key(figure: Figure, page: Format, parts: Sequence[Part], *, floor: bool) -> None:
    """Which colour is which part, above both panels."""
    height = figure.get_figheight() * 72
    axes = figure.add_axes((0, 1 - _KEY_PX / height, 1, _KEY_PX / height))
    axes.set_axis_off()
    axes.set_xlim(0, page.width_px)
    axes.set_ylim(0, _KEY_PX)
    left_px = float(_LEFT_PX)
    for part in parts:
        axes.barh(14, 11, 11, left=left_px, color=mark(part.role), linewidth=0)
        _write(axes, page, (left_px + 16, 14), (0, -0.35 * page.font_px), part.name, "muted")
        left_px += 16 + width_px(part.name, page.font_px) + 10
    if floor:
        axes.plot((left_px + 4, left_px + 4), (6, 22), color=mark("ink"), linewidth=1.6)
        words = "a readiness probe's round trip" if page.wide else "probe"
        _write(axes, page, (left_px + 12, 14), (0, -0.35 * page.font_px), words, "muted")
