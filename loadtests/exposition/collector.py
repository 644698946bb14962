"""The `loadtest_*` metrics of the load generator, computed for each scrape.

They are exposed where the samples come together: by the only process, or by the master.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from loadtests.exposition.counts import RequestCounts
from loadtests.recording.run import RunRecording
from loadtests.session.controller import Controller
from reports.data.telemetry import OBSERVED


class GeneratorMetrics(Collector):
    """The state of the load test at this moment, and every request that was recorded so far.

    Counting takes a few passes of numpy over a sealed batch, and no time of a request.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._counts = RequestCounts()
        self._add_endpoints()

    def follow(self, run: RunRecording) -> None:
        """Count the requests of a run from its begin on."""
        self._add_endpoints()
        run.add_batch_listener(self._counts.add)

    def _add_endpoints(self) -> None:
        self._counts.add_endpoints(
            endpoint.name for endpoint in self._controller.scenario.traffic.all_endpoints
        )

    def collect(self) -> Iterator[Metric]:
        """All metrics; Prometheus' client library calls it for each scrape."""
        run = self._controller.run
        is_running = run is not None and run.is_running
        yield _gauge("loadtest_running", "Whether the load goes on.", float(is_running))
        users = self._controller.runner.user_count if is_running and not self._is_open else 0
        yield _gauge("loadtest_users", "Users that run; none in the open model.", users)
        yield from self._counts.collect()
        if run is not None:
            yield from _collect_run(run, self._controller.phase == "running")
            yield from self._collect_verdict(run)

    @property
    def _is_open(self) -> bool:
        return self._controller.scenario.load.model == "open"

    def _collect_verdict(self, run: RunRecording) -> Iterator[Metric]:
        """The verdict on the newest run, and when it was reached; nothing before that."""
        if self._controller.verdict is None:
            return
        labels = {"run": run.folder.name, "scenario": run.facts.scenario}
        labels["verdict"] = self._controller.verdict["verdict"]
        for name, documentation, value in (
            ("loadtest_verdict", "The verdict on the newest run.", 1.0),
            ("loadtest_verdict_timestamp_seconds", "When it was reached.", self._controller.judged_at_s),
        ):
            family = GaugeMetricFamily(name, documentation, labels=tuple(labels))
            family.add_metric(tuple(labels.values()), value)
            yield family


def _collect_run(run: RunRecording, unfinished: bool) -> Iterator[Metric]:
    """The metrics of a run; while it is `unfinished` replies may come, though its load has stopped."""
    facts, t_s = run.facts, run.elapsed_s
    info = InfoMetricFamily("loadtest_run", "The newest run: its folder and its scenario.")
    info.add_metric((), {"run": run.folder.name, "scenario": facts.scenario})
    yield info
    present = next((stage for stage in facts.stages if t_s < stage.end_s), None) if run.is_running else None
    yield _gauges(
        "loadtest_stage",
        "Which stage the load is in: 1 for the present one.",
        "stage",
        ((stage.name, float(stage is present)) for stage in facts.stages),
    )
    if facts.plan.rate:
        place = max(0, bisect_right(facts.plan.t_s, t_s) - 1)
        planned = facts.plan.rate[place] if run.is_running else 0.0
        yield _gauge("loadtest_planned_requests_per_second", "The planned rate, or users by pace.", planned)
    seen = run.latest.items() if unfinished else ()
    in_flight = sum(value for (_, name), value in seen if name == "in_flight")
    yield _gauge("loadtest_in_flight_requests", "Requests sent and not answered yet.", in_flight)
    for name, observed, documentation, unit in (
        ("loadtest_generator_cpu_ratio", "cpu_percent", "Share of a core a process used.", 0.01),
        (
            "loadtest_generator_loop_lag_seconds",
            "loop_lag_ms",
            "What its event loop overslept, at worst.",
            0.001,
        ),
    ):
        values = [(source, value * unit) for (source, each), value in seen if each == observed]
        yield _gauges(name, documentation, "process", (each for each in values if each[0] not in OBSERVED))


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def _gauges(name: str, documentation: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=(label,))
    for text, value in values:
        family.add_metric((text,), value)
    return family
