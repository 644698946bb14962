"""Draws the latency breakdown: what the time of the p50 and of the p99 request is spent on, by stage."""

from __future__ import annotations

from reports.charts.breakdown_components import (
    COMPONENTS,
    MOST_STAGES,
    LatencyComponent,
    select_components,
    select_shares,
)
from reports.charts.breakdown_plot import paint_breakdown, shows_probe
from reports.charts.canvas import draw_picture
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import format_ms, format_share
from reports.figures.latency_breakdown import LatencyBreakdown, LatencyComposition, RunBreakdown

_FRACTIONS = (
    (0.25, "A quarter"),
    (1 / 3, "A third"),
    (0.5, "Half"),
    (2 / 3, "Two thirds"),
    (0.75, "Three quarters"),
)
_NEAR, _ALL = 0.02, 0.95


def draw_breakdown(data: ChartData) -> Chart | None:
    """A bar for each stage, divided into components, for the p50 and for the p99 request.

    None if the service does not report queueing and inference.
    """
    found = data.summary.latency_breakdown
    if found is None:
        return None
    shares, components = select_shares(found), select_components(found)
    return Chart(
        "where",
        "Where the time goes",
        _compose_title(found.total),
        _compose_figures(found.total),
        draw_picture("where", lambda figure, page: paint_breakdown(figure, page, shares, components)),
        _compose_reading(found),
    )


def _compose_title(total: LatencyBreakdown) -> str:
    slow, slow_part = _find_largest(total.p99)
    usual, usual_part = _find_largest(total.p50)
    p99, part = format_ms(total.p99.latency_ms), _describe_fraction(slow)
    text = f"{part} the p99 request's {p99} was {slow_part.words}"
    if usual_part != slow_part:
        part = _describe_fraction(usual)
        text += (
            f"; at p50, {part[0].lower()}{part[1:]} {format_ms(total.p50.latency_ms)} was {usual_part.words}"
        )
    return text


def _find_largest(composition: LatencyComposition) -> tuple[float, LatencyComponent]:
    part = max(COMPONENTS, key=lambda part: part.of(composition))
    return part.of(composition) / (composition.latency_ms or 1.0), part


def _describe_fraction(part: float) -> str:
    """A share at the beginning of a sentence: 'Half of', 'Nearly all of', '62 % of'."""
    if part >= _ALL:
        return "Nearly all of"
    named = [words for fraction, words in _FRACTIONS if abs(part - fraction) <= _NEAR]
    return f"{named[0] if named else format_share(round(part, 2))} of"


def _compose_figures(total: LatencyBreakdown) -> str:
    told = [
        f"The {name} request took {format_ms(composition.latency_ms)}: "
        + ", ".join(
            f"{part.name} {format_ms(part.of(composition))}"
            for part in COMPONENTS
            if part.of(composition) > 0
        )
        for name, composition in (("p50", total.p50), ("p99", total.p99))
    ]
    text = ". ".join(told) + "."
    if total.floor_ms is not None:
        text += (
            f" A readiness probe's median round trip took {format_ms(total.floor_ms)}: "
            "about what network and proxies cost any request."
        )
    return text


def _compose_reading(found: RunBreakdown) -> str:
    total, p99 = found.total, found.total.p99
    text = (
        "Queue and inference are what the service says in Server-Timing; the rest is network, proxies, "
        "parsing and the client, and waiting before the service reads a request. A percentile is made of "
        "what the replies around it are made of, half a percent of all on either side: at p99 "
        + (
            f"{p99.replies:,} replies of {format_ms(p99.low_ms)} to {format_ms(p99.high_ms)}."
            if p99.replies > 1
            else "a single reply."
        )
    )
    if shows_probe(select_shares(found)):
        text += " The stroke is the readiness probe's round trip, where the rest is as long."
    if total.timed < total.answered:
        text += f" Only {total.timed:,} of {total.answered:,} answers say it; their p99 may be another."
    if len(found.stages) > MOST_STAGES:
        text += f" Of {len(found.stages)} stages, the {MOST_STAGES} with the highest p99 are shown."
    return text
