"""Paints the latency breakdown: horizontal bars that are divided into the components of latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts.breakdown_components import LatencyComponent
from reports.charts.canvas import PageFormat, add_caption, add_panel, set_height
from reports.charts.labels import clean_label, estimate_width_px
from reports.charts.palette import colour_for
from reports.data.quantities import format_number
from reports.figures.latency_breakdown import LatencyBreakdown, LatencyComposition

_ROW_PX, _BAR_PX = 42, 16
_KEY_PX, _CAPTION_PX, _TICKS_PX = 28, 30, 30
_LEFT_PX = 6
_HEADROOM = 1.16
"""The length of the axis by that of the longest bar: space for the figure at its end."""


def shows_probe(shares: Sequence[LatencyBreakdown]) -> bool:
    """Whether the round trip of the readiness probe is short enough to be marked in any bar."""
    return any(
        _find_probe_end(each, request) is not None for each in shares for request in (each.p50, each.p99)
    )


def _find_probe_end(whole: LatencyBreakdown, composition: LatencyComposition) -> float | None:
    """Where a probe's round trip that starts with the rest ends, in ms of the bar; None beyond its end."""
    if whole.floor_ms is None or whole.floor_ms > composition.rest_ms:
        return None
    return composition.latency_ms - composition.rest_ms + whole.floor_ms


def paint_breakdown(
    figure: Figure,
    page: PageFormat,
    shares: Sequence[LatencyBreakdown],
    components: Sequence[LatencyComponent],
) -> None:
    """Paint a bar for each of `shares`: the p50 request on one panel, the p99 request on the other."""
    height_px = len(shares) * _ROW_PX
    block_px = _CAPTION_PX + height_px + _TICKS_PX
    set_height(figure, page, _KEY_PX + block_px * (1 if page.wide else 2) + (0 if page.wide else 14))
    for place, name in enumerate(("p50", "p99")):
        compositions: list[LatencyComposition] = [getattr(each, name) for each in shares]
        half = _place_panel(page, place)
        top_px = _KEY_PX + _CAPTION_PX + (0 if page.wide else place * (block_px + 14))
        axes = add_panel(figure, half, height_px, top_px=top_px)
        _draw_bars(axes, page, shares, compositions, components)
        add_caption(axes, replace(half, left_px=0), f"the {name} request, ms", above_px=10)
    _draw_key(figure, page, components, probe=shows_probe(shares))


def _place_panel(page: PageFormat, place: int) -> PageFormat:
    """The margins of a panel: both are side by side on wide pages, and below each other on narrow ones."""
    if not page.wide:
        return replace(page, left_px=_LEFT_PX, right_px=10)
    half_px = (page.width_px - 48) / 2
    left_px = _LEFT_PX + place * (half_px + 36)
    return replace(page, left_px=left_px, right_px=page.width_px - left_px - half_px)


def _draw_bars(
    axes: Axes,
    page: PageFormat,
    shares: Sequence[LatencyBreakdown],
    compositions: Sequence[LatencyComposition],
    components: Sequence[LatencyComponent],
) -> None:
    axes.set_xlim(0, max(max(each.latency_ms for each in compositions), 1e-3) * _HEADROOM)
    axes.set_ylim(len(shares) * _ROW_PX, 0)
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x", color=colour_for("rule"), linewidth=0.8)
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    for row, (whole, composition) in enumerate(zip(shares, compositions, strict=True)):
        middle = (row + 1) * _ROW_PX - _BAR_PX / 2 - 4
        start = 0.0
        for component in components:
            length, colour = component.of(composition), colour_for(component.role)
            axes.barh(middle, length, _BAR_PX, left=start, color=colour, linewidth=0, zorder=3)
            start += length
        if (probe_end := _find_probe_end(whole, composition)) is not None:
            half_px = _BAR_PX / 2 + 2
            axes.plot(
                (probe_end, probe_end),
                (middle - half_px, middle + half_px),
                color=colour_for("ink"),
                lw=1.6,
                zorder=4,
            )
        _write_text(axes, page, (0, middle - _BAR_PX / 2), (0, 6), clean_label(whole.name, 32), "muted")
        _write_text(
            axes,
            page,
            (start, middle),
            (6, -0.35 * page.font_px),
            format_number(composition.latency_ms),
            "ink",
        )


def _write_text(
    axes: Axes,
    page: PageFormat,
    place: tuple[float, float],
    offset_px: tuple[float, float],
    text: str,
    role: str,
) -> None:
    axes.annotate(
        text,
        place,
        xytext=offset_px,
        textcoords="offset pixels",
        fontsize=page.font_px,
        color=colour_for(role),
        zorder=5,
    )


def _draw_key(
    figure: Figure, page: PageFormat, components: Sequence[LatencyComponent], *, probe: bool
) -> None:
    """Draw the key above both panels: which colour means which component."""
    height = figure.get_figheight() * 72
    axes = figure.add_axes((0, 1 - _KEY_PX / height, 1, _KEY_PX / height))
    axes.set_axis_off()
    axes.set_xlim(0, page.width_px)
    axes.set_ylim(0, _KEY_PX)
    left_px = float(_LEFT_PX)
    for component in components:
        axes.barh(14, 11, 11, left=left_px, color=colour_for(component.role), linewidth=0)
        _write_text(axes, page, (left_px + 16, 14), (0, -0.35 * page.font_px), component.name, "muted")
        left_px += 16 + estimate_width_px(component.name, page.font_px) + 10
    if probe:
        axes.plot((left_px + 4, left_px + 4), (6, 22), color=colour_for("ink"), linewidth=1.6)
        words = "a readiness probe's round trip" if page.wide else "probe"
        _write_text(axes, page, (left_px + 12, 14), (0, -0.35 * page.font_px), words, "muted")
