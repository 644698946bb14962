"""Draws an autoscaler over time: the load against what its replicas carry, and the latency that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from autoscaling.agreement import Agreement
from autoscaling.controller import find_signal
from autoscaling.outcome import ScalingOutcome, Span
from autoscaling.question import ScalingQuestion
from autoscaling.rules import AutoscalerSettings, ScalingMetric
from reports.charts.canvas import BOTTOM_PX, TOP_PX, PageFormat, add_panel, draw_picture, set_height
from reports.charts.chart_data import MAX_POINTS, Chart, LatencyLimit
from reports.charts.formatting import format_ms
from reports.charts.latency_axis import draw_limits, set_latency_axis
from reports.charts.palette import colour_for
from reports.charts.small_multiples import ShadedSpans, SmallMultiple, TimeSeries, draw_small_multiples
from reports.charts.time_axis import TimeAxis
from reports.charts.windows import thin_series
from reports.data.columns import Floats
from reports.data.facts import Stage
from reports.data.quantities import format_count, format_duration, format_number

_UNITS: Final = {"memory_bytes": ("MiB", 2**20)}


@dataclass(frozen=True)
class ScalingCharts:
    """What the charts of one outcome share."""

    settings: AutoscalerSettings
    question: ScalingQuestion
    outcome: ScalingOutcome

    @property
    def axis(self) -> TimeAxis:
        """The time of the load, with its stages."""
        stages = tuple(Stage(*each) for each in self.question.load.stages)
        return TimeAxis(self.question.load.duration_s, stages)

    def draw(self) -> list[Chart]:
        """The charts in the order of the page."""
        return [self._draw_replicas(), self._draw_latency()]

    def draw_rehearsal(self, found: Agreement) -> Chart:
        """Ready replicas in the rehearsal and in the twin, in the seconds that were asked about."""
        rehearsed, twin = found.rehearsed, found.twin
        t_s = rehearsed.run.t_s / found.factor
        capacity = (rehearsed.run.ready * rehearsed.capacity_per_s).astype(float)
        panels = [
            SmallMultiple(
                "arrivals/s; capacity of the replicas rehearsed (dashed)",
                (
                    TimeSeries(t_s, rehearsed.run.rate_per_s, "load"),
                    TimeSeries(t_s, capacity, "service", steps=True, dashed=True),
                ),
            ),
            SmallMultiple(
                "ready replicas: rehearsed, and in the twin (dashed)",
                (
                    TimeSeries(t_s, twin.run.ready.astype(float), "users", steps=True, dashed=True),
                    TimeSeries(t_s, rehearsed.run.ready.astype(float), "service", steps=True),
                ),
                2.0,
            ),
        ]
        spans = [
            (start / found.factor, end / found.factor) for start, end in rehearsed.list_spans(rehearsed.under)
        ]
        shaded = ShadedSpans("under-provisioned", spans)
        return Chart(
            "rehearsal",
            "Rehearsed with real processes",
            f"As many replicas as in the twin for {format_number(100 * found.same_share)} % of the time",
            found.sentence,
            draw_picture(
                "rehearsal",
                lambda figure, page: draw_small_multiples(figure, page, self.axis, panels, shaded),
            ),
        )

    def _draw_replicas(self) -> Chart:
        run, outcome = self.outcome.run, self.outcome
        spans = outcome.list_spans(outcome.under)
        capacity = run.ready * outcome.capacity_per_s
        panels = [
            SmallMultiple(
                "arrivals/s; capacity of the ready replicas (dashed)",
                (
                    self._make_series(run.rate_per_s, "load"),
                    self._make_series(capacity, "service", steps=True, dashed=True),
                ),
            ),
            SmallMultiple(
                "replicas: ready, and wanted (dashed)",
                (
                    self._make_series(run.replicas, "users", steps=True, dashed=True),
                    self._make_series(run.ready, "service", steps=True),
                ),
                2.0,
            ),
            *(self._make_metric(metric) for metric in self.settings.metrics),
        ]
        shaded = ShadedSpans("under-provisioned", spans)
        title = "The ready replicas carried all that arrived"
        if spans:
            title = f"For {format_duration(outcome.under_s)} more arrived than the ready replicas carry"
        return Chart(
            "replicas",
            "Replicas beside the load",
            title,
            self._compose_figures(),
            draw_picture(
                "replicas", lambda figure, page: draw_small_multiples(figure, page, self.axis, panels, shaded)
            ),
            "Shaded is the time in which too few replicas were ready. A metric is that of a ready pod; the "
            "dashed line across is its target.",
        )

    def _compose_figures(self) -> str:
        run = self.outcome.run
        told = [
            f"{run.replicas.min()} to {run.replicas.max()} replicas wanted",
            f"{format_number(run.replica_hours)} replica-hours",
            f"{format_count(len(run.steps), 'change')}",
        ]
        if growing := [step for step in run.steps if step.after > step.before]:
            told.append(f"more were first wanted {format_duration(growing[0].t_s)} into the load")
        text = "; ".join(told)
        return f"{text[0].upper()}{text[1:]}."

    def _make_metric(self, metric: ScalingMetric) -> SmallMultiple:
        signal, request = find_signal(metric, self.question.deployment, self.question.signals)
        values, target, unit = self.outcome.run.usage[signal], metric.target / 1000, ""
        if metric.kind == "Utilization":
            values, target, unit = 100_000 * values / request, float(metric.target), ", % of its request"
        elif signal in _UNITS:
            unit, factor = f", {_UNITS[signal][0]}", _UNITS[signal][1]
            values, target = values / factor, target / factor
        if metric.source in ("Object", "External"):
            values, unit = values * self.outcome.run.ready, f"{unit}, over all pods"
            if metric.kind == "AverageValue":
                values = values / np.maximum(self.outcome.run.replicas, 1)
                unit = ", a pod"
        return SmallMultiple(f"{metric.name}{unit}", (self._make_series(values, "inference"),), limit=target)

    def _make_series(
        self, values: Floats | np.ndarray, role: str, *, steps: bool = False, dashed: bool = False
    ) -> TimeSeries:
        run = self.outcome.run
        t_s = np.append(run.t_s, self.question.load.duration_s)
        return TimeSeries(t_s, np.append(values, values[-1]).astype(float), role, steps, dashed)

    def _draw_latency(self) -> Chart:
        run = self.outcome.run
        known = run.latency_ms[np.isfinite(run.latency_ms)]
        limits = [each for each in self.outcome.objectives if each.quantile is not None]
        name = f"p{100 * limits[0].quantile:g}" if limits and limits[0].quantile else "p99"
        title = f"{name} latency of at most {format_ms(float(known.max()))}"
        judged = [each for each in self.outcome.judgements if each.objective in limits]
        spans = tuple(span for each in judged for span in each.spans)
        if spans:
            lasted = format_duration(max(each.missed_s for each in judged))
            title = f"{name} latency was above its limit for {lasted}"
        figures = (
            f"{name} latency between {format_ms(float(known.min()))} and {format_ms(float(known.max()))}; "
            f"{self._describe_queue()} because all pods were full."
        )
        drawn = [
            LatencyLimit(
                f"{name} limit {format_ms(each.limit)}{f' during {each.during}' if each.during else ''}",
                each.quantile or 0.0,
                each.limit,
                *span,
                each.during is None,
            )
            for each in limits
            for span in self._find_limit_spans(each.during)
        ]
        return Chart(
            "latency",
            "Latency over time",
            title,
            figures,
            draw_picture("latency", lambda figure, page: self._paint_latency(figure, page, drawn, spans)),
        )

    def _describe_queue(self) -> str:
        most = float(self.outcome.run.queued.max())
        return f"up to {format_number(most)} requests waited" if most >= 1 else "no request waited"

    def _find_limit_spans(self, during: str | None) -> list[Span]:
        stages = [each for each in self.question.load.stages if each.name == during]
        return [(each.start_s, each.end_s) for each in stages] or [(0.0, self.question.load.duration_s)]

    def _paint_latency(
        self, figure: Figure, page: PageFormat, limits: list[LatencyLimit], spans: tuple[Span, ...]
    ) -> None:
        run = self.outcome.run
        height_px = 190 if page.wide else 160
        set_height(figure, page, TOP_PX + height_px + BOTTOM_PX)
        axes = add_panel(figure, page, height_px)
        self.axis.draw_on(axes, page)
        known = np.isfinite(run.latency_ms)
        shown = run.latency_ms[known]
        highest = max([float(shown.max()), *(each.limit_ms for each in limits)])
        set_latency_axis(axes, page, float(np.median(shown)), float(shown.min()), highest)
        for start_s, end_s in spans:
            axes.axvspan(start_s, end_s, color=colour_for("missed"), alpha=0.3, linewidth=0, zorder=1)
        t_s, values = thin_series(run.t_s[known], shown, 2 * MAX_POINTS)
        axes.plot(t_s, values, color=colour_for("p99"), linewidth=1.6, zorder=4)
        draw_limits(axes, page, limits)
