"""Beside the load the service is watched; what it does not offer is not observed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import gevent
import psutil
import pytest

from configuration.service_paths import DEFAULT_PATHS, ServicePaths
from loadtests.cli.own_service import OwnService
from loadtests.client.target import Target
from loadtests.monitoring.service import ServiceMonitor, find_local_processes
from loadtests.recording.observing import observe_every
from loadtests.recording.writer import Observation
from reports.data.folder import read_run
from reports.data.telemetry import NO_READINESS_PATH

TEXT = b"""inference_queue_depth 17.0
inference_batch_size_sum 30.0
inference_batch_size_count 4.0
process_cpu_seconds_total 1.25
process_resident_memory_bytes 1.048576e+06
"""


def test_given_headers_are_asked_with_once() -> None:
    """In place of our own, in whatever case they are written."""
    headers = {"host": "scoring.example", "X-Team": "models"}
    target = Target("127.0.0.1", 8000, tls=False, prefix="/base", headers=headers)
    asked = target.encode_head("GET", "/metrics", {}) + b"\r\n"
    assert asked.decode().split("\r\n") == [
        "GET /base/metrics HTTP/1.1",
        "User-Agent: model-load-tests",
        "host: scoring.example",
        "X-Team: models",
        "",
        "",
    ]


def test_the_process_that_listens_is_found_on_this_machine_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = find_local_processes(Target("127.0.0.1", port, tls=False, prefix=""))
        assert os.getpid() in [process.pid for process in found]
        assert find_local_processes(Target("example.org", port, tls=False, prefix="")) == []


@pytest.mark.parametrize(
    ("status", "readiness"),
    [
        (200, 1.0),
        *((each, 0.0) for each in (500, 502, 503, 504)),
        *((each, None) for each in (404, 401, 302)),
    ],
)
def test_a_service_that_fails_is_not_ready_and_one_without_the_path_is_not_asked(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch, status: int, readiness: float | None
) -> None:
    """A proxy before a service that is gone answers 502 or 504."""
    monkeypatch.setattr("loadtests.monitoring.service.PERIOD_S", 3600.0)
    monkeypatch.setattr("loadtests.monitoring.service.TIMEOUT_S", 60.0)
    obedient.asked = answer(status=status, body=TEXT)
    seen: list[Observation] = []
    beside = ServiceMonitor(Target.parse(obedient.host), seen.extend)
    try:
        with gevent.Timeout(240):
            while not seen:  # processor and memory, at any rate
                gevent.sleep(0.01)
    finally:
        beside.stop()
    assert [each.value for each in seen if each.name == "readiness"] == (
        [] if readiness is None else [readiness]
    )


def observations(
    obedient: Any,
    probes: list[Any],
    pages: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    timeout_s: float = 60.0,
    paths: ServicePaths = DEFAULT_PATHS,
) -> dict[str, list[float]]:
    """What is seen of a service that answers probes and questions for its metrics in turn."""
    monkeypatch.setattr("loadtests.monitoring.service.PERIOD_S", 0.05)
    monkeypatch.setattr("loadtests.monitoring.service.TIMEOUT_S", timeout_s)
    turns = {path: iter(answers) for path, answers in ((paths.ready, probes), (paths.metrics, pages))}
    last = {paths.ready: probes[-1], paths.metrics: pages[-1]}
    obedient.asked_for = lambda path: next(turns[path], last[path])
    seen: list[Observation] = []
    beside = ServiceMonitor(Target.parse(obedient.host), seen.extend, paths)
    try:
        with gevent.Timeout(240):
            while sum(each.name == "probed" for each in seen) < 4:
                gevent.sleep(0.01)
    finally:
        beside.stop()
    names = ("probed", "readiness", "batch_size", NO_READINESS_PATH)
    return {name: [each.value for each in seen if each.name == name] for name in names}


def test_a_path_that_was_there_and_is_gone_is_not_ready(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = observations(obedient, [answer(), answer(status=404)], [answer(body=TEXT)], monkeypatch)
    assert seen["readiness"][:3] == [1.0, 0.0, 0.0]


def test_one_late_reply_of_a_service_without_the_path_is_no_unreadiness(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = answer(status=404)
    late = answer(status=404, delay_s=3600.0)
    probes = [absent, absent, late, absent]
    seen = observations(obedient, probes, [answer(body=TEXT)], monkeypatch, timeout_s=0.5)
    assert seen["readiness"] == []
    assert len(seen["probed"]) >= 4


@pytest.mark.parametrize("failing", [503, 429])
def test_a_failure_on_the_way_to_a_service_without_the_path_is_no_unreadiness(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """A proxy answers before it forwards; a service that was never ready, and has no such path, has none."""
    probes = [answer(status=failing), answer(status=404)]
    seen = observations(obedient, probes, [answer(body=TEXT)], monkeypatch)
    assert seen["readiness"] == [0.0]
    assert len(seen[NO_READINESS_PATH]) >= 2


def test_a_service_that_starts_behind_a_proxy_is_not_ready_until_it_is(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes = [answer(status=503), answer(status=404), answer(), answer(status=404)]
    seen = observations(obedient, probes, [answer(body=TEXT)], monkeypatch)
    assert seen["readiness"][:3] == [0.0, 1.0, 0.0]


def test_the_paths_of_the_scenario_are_asked_and_a_stated_one_has_to_be_there(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ServicePaths(ready="/healthz", metrics="/stats")
    probes = [answer(status=404), answer(status=204, body=b""), answer(status=404)]
    pages = [answer(body=b"inference_batch_size_count %d\ninference_batch_size_sum 9" % n) for n in range(99)]
    seen = observations(obedient, probes, pages, monkeypatch, paths=paths)
    assert seen["readiness"][:3] == [0.0, 1.0, 0.0]
    assert seen["batch_size"]


def test_a_service_with_nothing_to_ask_is_asked_nothing_and_counts_as_observed(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(ServiceMonitor, "_ask", lambda _, path: asked.append(path))
    seen = observations(obedient, [answer()], [answer()], monkeypatch, paths=ServicePaths(None, None))
    assert len(seen["probed"]) >= 4
    assert seen["readiness"] == asked == []


def test_metrics_that_count_batches_and_not_their_rows_end_no_observation(
    obedient: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [answer(body=b"inference_batch_size_count %d\n" % count) for count in range(20)]
    seen = observations(obedient, [answer()], pages, monkeypatch)
    assert len(seen["readiness"]) >= 4
    assert seen["batch_size"] == []


def test_a_look_that_fails_is_told_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    looks = []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) < 3:
            raise OSError(24, "Too many open files")

    observer = observe_every(0.001, look, "the service")
    with gevent.Timeout(240):
        while len(looks) < 4:
            gevent.sleep(0.001)
    observer.kill()
    assert [record.getMessage() for record in caplog.records] == [
        "the service could not be observed: OSError: [Errno 24] Too many open files"
    ]


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.usefixtures("patient_service")
def test_the_real_service_is_watched(start: Callable[..., Any], scenario_file: Callable[..., str]) -> None:
    """Once a second; a busy machine keeps the observer, or the service, from running for some of them."""
    with OwnService(0) as service:
        file = scenario_file("{users: [{constant: 5, for: 5s}]}", "[availability >= 1 %, error rate <= 0 %]")
        suite = start("loadtests", "--scenario", file, "--host", service.host).wait()
    assert suite.code == 0, suite.said
    telemetry = read_run(suite.folder).telemetry
    for name in ("readiness", "probe_ms", "cpu_percent", "memory_mib"):
        seen_at, values = telemetry.select_series(name, "service")
        assert 2 <= len(values) <= suite.facts["ended_s"] + 1, name
        assert (values >= 0).all()
        assert (seen_at <= suite.facts["ended_s"] + 0.5).all()
    for name, most in (("others_percent", 100.0 * psutil.cpu_count()), ("idle_percent", 100.0)):
        assert all(0 <= value <= 1.1 * most for value in telemetry.select_series(name, "machine")[1])
        assert len(telemetry.select_series(name, "machine")[1]) >= 2
    outcomes = {judged["text"]: judged["observed"] for judged in suite.verdict["objectives"]}
    assert outcomes["availability >= 1 %"] > 50.0
