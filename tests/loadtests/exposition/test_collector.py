"""Prometheus is told what was recorded, to the last request, and what the load test is at just now."""

from __future__ import annotations

import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from loadtests.exposition.collector import GeneratorMetrics
from loadtests.exposition.counts import MOST_ENDPOINTS, RequestCounts
from loadtests.recording.recorder import OTHER_NAMES
from loadtests.recording.row import OUTCOME_CODES, ROW_DTYPE
from loadtests.recording.run import RunRecording
from loadtests.recording.sample_writer import SampleBatch
from loadtests.recording.writer import Observation
from reports.data.facts import Facts, Plan, Stage
from reports.data.folder import read_run
from reports.data.samples import OUTCOMES
from tests.ports import find_free_port

Told = dict[str, float]
Start = Callable[..., Any]
ScenarioFile = Callable[..., str]


def told(families: Any) -> Told:
    """The value of each series: by name, or by name and the values of its labels."""
    found = {}
    for family in families:
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def rows(
    latency_ms: Any, outcome: str = "ok", sent_after_s: float = 0.0, endpoint: int = 0, predictions: int = 1
) -> np.ndarray:
    made = np.zeros(len(latency_ms), dtype=ROW_DTYPE)
    made["latency_ms"] = latency_ms
    made["intended_s"] = np.arange(len(latency_ms)) / 10
    made["sent_s"] = made["intended_s"] + sent_after_s
    made["outcome"] = OUTCOME_CODES[outcome]
    made["endpoint"] = endpoint
    made["rows"] = predictions
    return made


def batch(*parts: np.ndarray, endpoints: tuple[str, ...] = ("prediction", "batch")) -> SampleBatch:
    joined = np.concatenate(parts)
    return SampleBatch(joined, np.zeros(len(joined), dtype=np.int16), endpoints)


def counted(*batches: SampleBatch) -> Told:
    counts = RequestCounts()
    for each in batches:
        counts.add(each)
    return told(counts.collect())


class TestCounts:
    def test_a_request_counts_under_its_endpoint_and_outcome(self) -> None:
        seen = counted(batch(rows([1.0] * 3), rows([2.0], endpoint=1), rows([9.0] * 2, outcome="shed")))
        assert seen["loadtest_requests_total{prediction,ok}"] == 3
        assert seen["loadtest_requests_total{prediction,shed}"] == 2
        assert seen["loadtest_requests_total{batch,ok}"] == 1
        assert seen["loadtest_requests_total{batch,shed}"] == 0, "each outcome is there from the beginning"

    def test_only_successful_replies_are_in_latency_and_predictions(self) -> None:
        seen = counted(
            batch(rows([1.0, 3.0], predictions=10), rows([10_000.0], outcome="timeout", predictions=10))
        )
        assert seen["loadtest_request_latency_seconds_count{prediction}"] == 2
        assert seen["loadtest_request_latency_seconds_sum{prediction}"] == pytest.approx(0.004)
        assert seen["loadtest_rows_total"] == 20

    def test_a_bucket_holds_its_own_bound_and_all_below(self) -> None:
        seen = counted(batch(rows([0.2, 0.2001, 10_000.0, 10_001.0])))
        buckets = {le: seen[f"loadtest_request_latency_seconds_bucket{{prediction,{le}}}"] for le in LES}
        assert buckets == {"0.0002": 1, "0.0003": 2, "7.5": 2, "10.0": 3, "+Inf": 4}

    def test_lateness_is_that_of_what_was_sent(self) -> None:
        dropped = rows([float("nan")], outcome="dropped", sent_after_s=float("nan"))
        seen = counted(batch(rows([5.0], sent_after_s=0.015), rows([5.0]), dropped))
        assert seen["loadtest_lateness_seconds_bucket{0.0001}"] == 1
        assert seen["loadtest_lateness_seconds_bucket{0.02}"] == 2
        assert seen["loadtest_lateness_seconds_count"] == 2
        assert seen["loadtest_requests_total{prediction,dropped}"] == 1

    def test_endpoints_without_end_are_counted_as_one(self) -> None:
        """A foreign user may name each request differently."""
        names = tuple(f"page {number}" for number in range(MOST_ENDPOINTS + 50))
        seen = counted(batch(*(rows([1.0], endpoint=code) for code in range(len(names))), endpoints=names))
        assert seen[f"loadtest_requests_total{{{OTHER_NAMES},ok}}"] == 50
        assert sum("_count{" in name for name in seen) == MOST_ENDPOINTS + 1


LES = ("0.0002", "0.0003", "7.5", "10.0", "+Inf")


@pytest.fixture
def controller() -> Any:
    """As much of a controller as the metrics look at, before its first run."""
    endpoints = [SimpleNamespace(name="prediction")]
    return SimpleNamespace(
        run=None,
        phase="idle",
        verdict=None,
        judged_at_s=0.0,
        runner=SimpleNamespace(user_count=7),
        scenario=SimpleNamespace(
            traffic=SimpleNamespace(all_endpoints=endpoints), load=SimpleNamespace(model="closed")
        ),
    )


@pytest.fixture
def metrics(controller: Any) -> GeneratorMetrics:
    return GeneratorMetrics(controller)


@pytest.fixture
def scrape(metrics: GeneratorMetrics) -> Callable[[], Told]:
    """Ask for the metrics."""
    registry = CollectorRegistry()
    registry.register(metrics)
    return lambda: told(registry.collect())


@pytest.fixture
def begin(
    controller: Any, metrics: GeneratorMetrics, tmp_path: Path
) -> Iterator[Callable[..., RunRecording]]:
    """Call to begin a run of two stages of ten seconds each, at 2 and then 5 requests a second."""
    made: list[RunRecording] = []

    def start(at_s: float = 0.0, name: str = "short-1") -> RunRecording:
        facts = Facts(
            scenario="short",
            description="",
            model="closed",
            host="",
            started_at="",
            stages=(Stage("low", 0.0, 10.0), Stage("high", 10.0, 20.0)),
            objectives=(),
            plan=Plan(t_s=(0.0, 10.0), users=(2.0, 5.0), rate=(2.0, 5.0)),
            planned_s=20.0,
        )
        folder = tmp_path / name
        folder.mkdir()
        run = RunRecording(folder, facts, (), lambda: 7, lambda: None)
        run.started -= at_s
        controller.run, controller.phase, controller.verdict = run, "running", None
        metrics.follow(run)
        made.append(run)
        return run

    yield start
    for run in made:
        run.close(None, lambda *_: None)


class TestState:
    def test_before_the_first_run_all_is_nought(self, scrape: Callable[[], Told]) -> None:
        """Of a series that begins at 5, Prometheus would miss the 5."""
        seen = scrape()
        assert {seen[f"loadtest_requests_total{{prediction,{outcome}}}"] for outcome in OUTCOMES} == {0}
        assert (seen["loadtest_running"], seen["loadtest_users"]) == (0, 0)
        assert "loadtest_run_info" not in "".join(seen)

    @pytest.mark.parametrize(
        ("at_s", "stage", "rate"), [(1.0, "low", 2.0), (9.5, "low", 2.0), (15, "high", 5)]
    )
    def test_stage_and_planned_rate_follow_the_plan(
        self,
        scrape: Callable[[], Told],
        begin: Callable[..., RunRecording],
        at_s: float,
        stage: str,
        rate: float,
    ) -> None:
        begin(at_s)
        seen = scrape()
        other = {"low": "high", "high": "low"}[stage]
        assert seen[f"loadtest_stage{{{stage}}}"] == 1
        assert seen[f"loadtest_stage{{{other}}}"] == 0
        assert seen["loadtest_planned_requests_per_second"] == rate
        assert (seen["loadtest_running"], seen["loadtest_users"]) == (1, 7)
        assert seen["loadtest_run_info{short-1,short}"] == 1

    def test_where_nothing_plans_a_rate_none_is_told(
        self, scrape: Callable[[], Told], begin: Callable[..., RunRecording]
    ) -> None:
        """Users who think send when they have thought."""
        run = begin()
        run.facts = Facts.from_json({**run.facts.to_json(), "plan": {}})
        assert "loadtest_planned_requests_per_second" not in scrape()

    def test_requests_in_flight_are_those_of_all_processes(
        self, scrape: Callable[[], Told], begin: Callable[..., RunRecording], controller: Any
    ) -> None:
        run = begin()
        for source, value in (("worker 1", 9.0), ("worker 2", 5.0), ("worker 1", 3.0)):
            run.observe([Observation(source, "in_flight", value), Observation(source, "cpu_percent", 25.0)])
        run.observe([Observation("service", "cpu_percent", 80.0)])
        seen = scrape()
        assert seen["loadtest_in_flight_requests"] == 8
        shares = {name: value for name, value in seen.items() if name.startswith("loadtest_generator_cpu")}
        assert shares == {
            "loadtest_generator_cpu_ratio{worker 1}": 0.25,
            "loadtest_generator_cpu_ratio{worker 2}": 0.25,
        }
        run.stop_clock()
        assert scrape()["loadtest_in_flight_requests"] == 8, "replies may still come"
        controller.phase = "judging"
        assert scrape()["loadtest_in_flight_requests"] == 0

    def test_when_the_load_has_ended_nothing_is_planned_and_the_verdict_comes(
        self, scrape: Callable[[], Told], begin: Callable[..., RunRecording], controller: Any
    ) -> None:
        begin(at_s=12.0).stop_clock()
        seen = scrape()
        assert seen["loadtest_running"] == seen["loadtest_users"] == 0
        assert seen["loadtest_planned_requests_per_second"] == 0
        assert seen["loadtest_stage{low}"] == seen["loadtest_stage{high}"] == 0
        assert not any("verdict" in name for name in seen)
        controller.verdict, controller.judged_at_s = {"verdict": "fail"}, 1_800_000_000.5
        seen = scrape()
        assert seen["loadtest_verdict{short-1,short,fail}"] == 1
        assert seen["loadtest_verdict_timestamp_seconds{short-1,short,fail}"] == 1_800_000_000.5

    def test_totals_go_on_from_run_to_run_and_the_verdict_does_not(
        self, scrape: Callable[[], Told], begin: Callable[..., RunRecording], controller: Any
    ) -> None:
        begin().record(rows([1.0] * 3).tobytes(), ["prediction"])
        controller.verdict = {"verdict": "pass"}
        begin(name="short-2").record(rows([1.0] * 2).tobytes(), ["prediction"])
        seen = scrape()
        assert seen["loadtest_requests_total{prediction,ok}"] == 5
        assert seen["loadtest_run_info{short-2,short}"] == 1
        assert not any("short-1" in name or "verdict" in name for name in seen)


def ask(url: str, accept: str = "") -> str | None:
    """What is told there; None while nobody listens."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept})) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError:
        raise
    except (urllib.error.URLError, ConnectionError):
        return None


def reader(port: int, base: str = "") -> Callable[[], Told]:
    return lambda: told(read_text(ask(f"http://127.0.0.1:{port}{base}/metrics") or ""))


def assert_as_recorded(seen: Told, suite: Any) -> None:
    """The counts are those of the run's samples, exactly, and the verdict is the run's."""
    samples = read_run(suite.folder).samples
    for outcome in OUTCOMES:
        recorded = int(np.count_nonzero(samples.outcome.equal(outcome)))
        assert seen[f"loadtest_requests_total{{prediction,{outcome}}}"] == recorded
    latency_s = samples.latency_ms[samples.ok] / 1000
    assert seen["loadtest_request_latency_seconds_sum{prediction}"] == pytest.approx(latency_s.sum())
    assert seen["loadtest_lateness_seconds_count"] == len(samples)
    verdict = suite.verdict["verdict"]
    assert seen[f"loadtest_verdict{{{suite.folder.name},{suite.facts['scenario']},{verdict}}}"] == 1


@pytest.mark.real
def test_the_last_scrape_has_everything_and_ends_the_wait(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """While replies wait they are told to be in flight; the process leaves when the verdict has been read."""
    held = obedient.hold_after(4, lambda count: answer(status=500 if count < 3 else 200))
    file = scenario_file(
        load="{users: [{constant: 2, for: 4s}]}",
        objectives="[error rate <= 100 %]",
        more="traffic: {timeout: 5m}",
    )
    port = find_free_port()
    suite = start(
        "loadtests",
        *("--scenario", file, "--host", obedient.host),
        *("--metrics-port", str(port), "--metrics-linger", "3600"),
    )
    read, seen = reader(port), []

    def verdict_told() -> bool:
        seen.append(read())
        if seen[-1].get("loadtest_in_flight_requests") == 2:
            held.set()
        return any(name.startswith("loadtest_verdict{") for name in seen[-1])

    suite.until(verdict_told)
    assert suite.wait().code == 0, suite.said
    assert_as_recorded(seen[-1], suite)
    assert seen[-1]["loadtest_requests_total{prediction,http_5xx}"] == 2
    assert max(each.get("loadtest_in_flight_requests", 0) for each in seen) == 2
    assert max(each.get("loadtest_users", 0) for each in seen) == 2
    assert seen[-1]["process_resident_memory_bytes"] > 0


@pytest.mark.real
@pytest.mark.extended
def test_a_master_tells_what_its_workers_sent_until_ctrl_c(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """The wait for a scrape ends at a signal, with the verdict's own exit code."""
    file = scenario_file(objectives="[max latency <= 1 us]", more="traffic: {user: stress}")
    port = find_free_port()
    suite = start(
        "loadtests",
        *("--scenario", file, "--host", obedient.host, "--processes", "2"),
        *("--metrics-port", str(port), "--metrics-linger", "60"),
    )
    suite.until_said(f"waiting until http://127.0.0.1:{port}/metrics is read once more, 60 s at most")
    suite.process.send_signal(signal.SIGINT)
    suite.wait()
    assert suite.code == 1, suite.said
    assert suite.stdout.rstrip().endswith("verdict: fail (exit code 1)")


@pytest.mark.real
@pytest.mark.extended
def test_the_web_ui_tells_them_too(start: Start, scenario_file: ScenarioFile, obedient: Any) -> None:
    """Under its own address, in both of Prometheus' formats, with all that two workers sent."""
    file = scenario_file(load="{users: [{constant: 4, for: 3s}]}", more="traffic: {user: stress}")
    port = find_free_port()
    suite = start(
        "locust",
        *("-f", "loadtests/locustfile.py", "--host", obedient.host, "--scenario", file, "--processes", "2"),
        *("--master-bind-port", str(bus := find_free_port()), "--master-port", str(bus)),
        *("--autostart", "--web-port", str(port), "--web-base-path", "/load"),
    )
    read = reader(port, "/load")
    suite.until(lambda: any(name.startswith("loadtest_verdict{") for name in read()))
    seen = read()
    openmetrics = ask(f"http://127.0.0.1:{port}/load/metrics", "application/openmetrics-text; version=1.0.0")
    assert openmetrics is not None
    assert told(read_openmetrics(openmetrics))["loadtest_rows_total"] == seen["loadtest_rows_total"]
    suite.process.send_signal(signal.SIGINT)
    suite.wait()
    assert len(obedient.bodies) == seen["loadtest_requests_total{prediction,ok}"] > 20
    assert_as_recorded(seen, suite)


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.parametrize("module", ["loadtests", "locust"])
def test_a_port_that_is_taken_is_told(start: Start, obedient: Any, module: str) -> None:
    more = [] if module == "loadtests" else ["-f", "loadtests/locustfile.py", "--headless"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        suite = start(
            module, *more, "--scenario", "smoke", "--host", obedient.host, "--metrics-port", port
        ).wait()
    assert suite.code == 2, suite.said
    refusal = f"metrics can't be told on port {port} of 127.0.0.1: end what listens there, or choose another"
    assert refusal in suite.stderr
    assert "Traceback" not in suite.said
    assert obedient.bodies == []


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.parametrize("command", [("loadtests", "--web"), ("locust", "-f", "loadtests/locustfile.py")])
def test_nothing_is_told_on_two_ports(start: Start, obedient: Any, command: tuple[str, ...]) -> None:
    """The web UI tells it, so a Prometheus that asks both would count every request twice."""
    ports = ("--web-port", str(find_free_port()), "--metrics-port", str(find_free_port()))
    suite = start(*command, *ports, "--host", obedient.host).wait()
    assert suite.code == 2, suite.said
    assert "--metrics-port: the web UI tells the metrics on its own port, under /metrics" in suite.stderr
    assert "Traceback" not in suite.said


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--metrics-port", "70000", "70000 is no port; give a number from 1 to 65535"),
        ("--metrics-linger", "-1", "-1 is impossible; give a number of seconds from 0 to 86,400"),
        ("--metrics-host", "192.0.2.1", "give an address of this machine: --metrics-host IP"),
    ],
)
def test_an_impossible_value_is_told(start: Start, option: str, value: str, sentence: str) -> None:
    port = () if option == "--metrics-port" else ("--metrics-port", str(find_free_port()))
    suite = start("loadtests", option, value, *port).wait()
    assert suite.code == 2
    assert sentence in suite.stderr
