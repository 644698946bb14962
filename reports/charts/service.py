"""Draws what was observed of the service: readiness, processor, memory, queue, batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reports.charts.canvas import draw_picture
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import describe_moment, join_list
from reports.charts.small_multiples import ShadedSpans, SmallMultiple, TimeSeries, draw_small_multiples
from reports.charts.trend_lines import list_trend_lines, name_slopes
from reports.data.columns import Floats
from reports.data.quantities import format_count, format_number
from reports.data.telemetry import READINESS, SERVICE
from reports.objectives.metrics import service_memory_growth


class _Quantity(NamedTuple):
    name: str
    caption: str
    role: str
    least_maximum: float
    """The minimum maximum of its axis, so that small values aren't magnified."""


_QUANTITIES = (
    _Quantity("probe_ms", "readiness probe, ms", "service", 1.0),
    _Quantity("cpu_percent", "CPU, % of a core", "service", 100.0),
    _Quantity("queue_depth", "waiting in the queue", "queue", 10.0),
    _Quantity("batch_size", "mean batch, rows", "inference", 2.0),
    _Quantity("memory_mib", "memory, MiB", "service", 1.0),
)


def draw_service(data: ChartData) -> Chart | None:
    """A panel for each observed quantity; None if nothing was observed."""
    end_s = data.axis.end_s
    seen = {q.name: TimeSeries.read(data.run, q.name, SERVICE, q.role, end_s) for q in _QUANTITIES}
    seen = {name: series for name, series in seen.items() if len(series)}
    probes = ReadinessProbes.read(data)
    if not seen and not len(probes.t_s):
        return None
    trends = {"memory_mib": list_trend_lines(data, service_memory_growth)}
    panels = [
        SmallMultiple(
            q.caption + name_slopes(trends.get(q.name, ())),
            (seen[q.name], *(line.draw_in("p99") for line in trends.get(q.name, ()))),
            q.least_maximum,
        )
        for q in _QUANTITIES
        if q.name in seen
    ]
    unready = ShadedSpans("not ready", probes.find_unready_spans(end_s))
    return Chart(
        "beside",
        "The service beside the load",
        _compose_title(probes, seen),
        _compose_figures(probes, seen),
        draw_picture(
            "beside", lambda figure, page: draw_small_multiples(figure, page, data.axis, panels, unready)
        )
        if panels
        else None,
        "Observed once a second."
        + (" Dashed is the trend of what is judged." if trends["memory_mib"] else "")
        + (
            " Shaded is from the first probe that found it not ready to the next that found it ready."
            if unready.spans
            else ""
        ),
    )


class ReadinessProbes(NamedTuple):
    """The times of the readiness probes, and whether the service was ready."""

    t_s: Floats
    ready: Floats

    @classmethod
    def read(cls, data: ChartData) -> ReadinessProbes:
        """The probes of a run; none if readiness was not observed."""
        return cls(*data.run.telemetry.select_series(READINESS, SERVICE))

    @property
    def missed(self) -> int:
        """How many probes found the service not ready."""
        return int(np.count_nonzero(self.ready <= 0))

    def find_unready_spans(self, end_s: float) -> list[tuple[float, float]]:
        """From each first probe without readiness to the next one with it, or to `end_s`."""
        before = np.concatenate(([True], self.ready[:-1] > 0)) if len(self.t_s) else np.empty(0, np.bool_)
        spans = []
        for start in np.flatnonzero((self.ready <= 0) & before):
            later = np.flatnonzero(self.ready[start:] > 0)
            stop_s = float(self.t_s[start + later[0]]) if len(later) else end_s
            spans.append((max(float(self.t_s[start]), 0.0), min(stop_s, end_s)))
        return [span for span in spans if span[0] < span[1]]


def _compose_title(probes: ReadinessProbes, seen: dict[str, TimeSeries]) -> str:
    reached = join_list(_describe_peaks(seen))
    if not len(probes.t_s):
        return (
            f"The service reached {reached}" if reached else _compose_figures(probes, seen).removesuffix(".")
        )
    text = "The service was ready throughout"
    if missed := probes.missed:
        first_s = float(probes.t_s[np.argmax(probes.ready <= 0)])
        text = f"The service was not ready in {missed:,} of {format_count(len(probes.t_s), 'probe')}, "
        text += f"first {describe_moment(first_s)}"
    return f"{text}; it reached {reached}" if reached else text


def _describe_peaks(seen: dict[str, TimeSeries]) -> list[str]:
    peak = {name: float(series.value.max()) for name, series in seen.items()}
    told = []
    if "cpu_percent" in peak:
        told.append(f"{peak['cpu_percent']:.0f} % of a core")
    if peak.get("queue_depth", 0) > 0:
        told.append(format_count(round(peak["queue_depth"]), "waiting request"))
    if "memory_mib" in peak:
        told.append(f"{format_number(peak['memory_mib'])} MiB of memory")
    return told


def _compose_figures(probes: ReadinessProbes, seen: dict[str, TimeSeries]) -> str:
    told = []
    if len(probes.t_s):
        told.append(
            f"ready in {len(probes.t_s) - probes.missed:,} of {format_count(len(probes.t_s), 'probe')}"
        )
    if "probe_ms" in seen:
        told.append(f"the probe's round trip {_describe_range(seen['probe_ms'], 'ms')}")
    if "cpu_percent" in seen:
        cpu = seen["cpu_percent"].value
        told.append(f"CPU {np.median(cpu):.0f} % of a core in the median, {cpu.max():.0f} at most")
    if "queue_depth" in seen:
        told.append(f"queue {_describe_range(seen['queue_depth'], 'waiting')}")
    if "batch_size" in seen:
        told.append(f"batches of {_describe_range(seen['batch_size'], 'rows')}")
    if "memory_mib" in seen:
        first, last = (format_number(float(seen["memory_mib"].value[place])) for place in (0, -1))
        told.append(f"memory {last} MiB" + ("" if first == last else f", {first} at the beginning"))
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _describe_range(series: TimeSeries, unit: str) -> str:
    typical, most = float(np.median(series.value)), float(series.value.max())
    return f"{format_number(typical)} {unit} in the median, {format_number(most)} at most"
