"""Plug-ins: entry points of distributions, found by name, loaded late, told by distribution if broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario, restore_scenario
from loadtests.conformance import (
    check_distribution,
    check_metric,
    check_monitor,
    check_payloads,
    make_example_run,
)
from loadtests.payloads.record_files import check_files
from reports.data.folder import read_run
from reports.data.plugins import PluginError, list_plugins, load_plugin
from reports.judging.verdict import judge_run
from reports.objectives.metric import METRICS, metric
from reports.objectives.parsing import ObjectiveError, parse_objective
from reports.objectives.units import COUNT, SHARE

ROOT = Path(__file__).parents[2]
ScenarioFile = Callable[..., str]

MODULE = '''
import random
from collections.abc import Mapping

from reports.objectives.measurements import PointEstimate
from reports.objectives.metric import metric
from reports.objectives.units import COUNT

def orders(kind, seed, options):
    chance = random.Random(f"{kind} {seed}")
    while True:
        yield {"currency": options.get("currency", "USD"), "amount": chance.randint(1, 10**9)}

@metric("slow requests", COUNT, better="lower")
def slow(scope):
    """Requests that took longer than 50 ms."""
    slow = scope.samples.latency_ms > 50
    return PointEstimate(float(slow.sum()) if len(slow) else None, len(slow))

def watch(host):
    asked = []
    def observe():
        asked.append(host)
        return {"asked": len(asked)}
    return observe

def write(run, verdict):
    return {"verdict.txt": f"{verdict.verdict}: {len(run.samples)} requests\\n", "raw.bin": b"\\x00"}

def fail(*_):
    raise RuntimeError("out of\\npaper")

def few(kind, seed, options):
    return iter([{"amount": 1}])
'''
POINTS = """
[model_load_tests.payloads]
orders = acme_tools:orders
few = acme_tools:few
failing = acme_tools:fail
absent = acme_absent:orders

[model_load_tests.metrics]
slow = acme_tools:slow

[model_load_tests.monitors]
watch = acme_tools:watch

[model_load_tests.exporters]
summary = acme_tools:write
failing = acme_tools:fail
"""


def install(folder: Path, name: str = "acme-tools", points: str = POINTS, module: str = MODULE) -> Path:
    """Put a distribution into a folder as an installer would: a module and its metadata."""
    stem = name.replace("-", "_")
    metadata = folder / f"{stem}-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(points)
    (folder / f"{stem}.py").write_text(module)
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path with the distribution acme-tools; its metric is gone after the test."""
    folder = install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(folder))
    before = list(METRICS)
    yield folder
    METRICS[:] = before
    sys.modules.pop("acme_tools", None)


def write_orders(folder: Path, payload: str) -> str:
    file = folder / "orders.yaml"
    file.write_text(
        "description: x\nload: {users: [{constant: 2, for: 3s}]}\nobjectives: [p99 latency <= 5 s]\n"
        f"traffic: {{endpoints: [{{name: order, path: /order, payload: {payload}}}]}}\n"
    )
    return str(file)


@pytest.mark.usefixtures("site")
def test_plugins_are_listed_without_being_loaded() -> None:
    assert list_plugins("payloads") == ["absent", "failing", "few", "orders"]
    assert "acme_tools" not in sys.modules


@pytest.mark.usefixtures("site")
def test_a_payload_plugin_reads_back_and_gives_records(tmp_path: Path) -> None:
    scenario = load_scenario(write_orders(tmp_path, "{plugin: orders, options: {currency: EUR}}"))
    assert restore_scenario(scenario.resolve(), scenario.source).traffic == scenario.traffic
    check_files(scenario)


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ("{plugin: order}", "there is no plug-in 'order' among the payloads; installed are: absent, failing"),
        (
            "{plugin: absent}",
            "the plug-in 'absent' (payloads) of acme-tools 1.2 can't be loaded: ModuleNotFoundError: ",
        ),
        (
            "{plugin: failing}",
            "the plug-in 'failing' (payloads) of acme-tools 1.2 failed to make realistic records: "
            "RuntimeError: out of paper",
        ),
        ("{fields: {a: {constant: 1}}, options: {b: 1}}", "these are for a plug-in: add `plugin`"),
        ("{plugin: orders, options: 3}", "expected a mapping of options of the plug-in"),
    ],
)
@pytest.mark.usefixtures("site")
def test_a_payload_plugin_that_can_not_be_used_is_told(tmp_path: Path, payload: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        check_files(load_scenario(write_orders(tmp_path, payload)))
    assert sentence in str(told.value)


@pytest.mark.usefixtures("site")
def test_a_metric_of_a_plugin_can_be_limited_and_judged() -> None:
    objective = parse_objective("slow requests <= 40")
    assert str(objective) == "slow requests <= 40"
    run = make_example_run(100)
    judged = judge_run(replace(run, facts=replace(run.facts, objectives=(str(objective),))))
    assert judged.verdict == "fail"
    assert judged.sentence == "Failed: slow requests was 50, limit 40."


def test_a_broken_metric_plugin_is_told_where_a_metric_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "[model_load_tests.metrics]\nodd = acme_odd:VALUE\n"
    monkeypatch.syspath_prepend(str(install(tmp_path / "odd", "acme-odd", points, "VALUE = 3\n")))
    parse_objective("p99 latency <= 1 s")
    with pytest.raises(ObjectiveError) as told:
        parse_objective("slow requests <= 40")
    said = "there is no metric 'slow requests' built in, and the plug-in 'odd' (metrics) of acme-odd 1.2"
    assert said in str(told.value)


@pytest.mark.usefixtures("site")
def test_a_name_that_two_distributions_offer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "[model_load_tests.monitors]\nwatch = acme_other:watch\n"
    monkeypatch.syspath_prepend(str(install(tmp_path / "other", "acme-other", points, MODULE)))
    with pytest.raises(
        PluginError, match=r"comes from both acme-other 1\.2 and acme-tools 1\.2; uninstall one"
    ):
        load_plugin("monitors", "watch")


def test_a_distribution_that_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = "\n".join(line for line in POINTS.splitlines() if "few" not in line and "fail" not in line)
    folder = install(tmp_path / "sound", points=sound.replace("absent = acme_absent:orders\n", ""))
    monkeypatch.syspath_prepend(str(folder))
    before = list(METRICS)
    try:
        assert check_distribution("acme-tools") == ["orders", "slow", "watch", "summary"]
    finally:
        METRICS[:] = before
        sys.modules.pop("acme_tools", None)


@pytest.mark.usefixtures("site")
def test_a_distribution_without_a_plugin_and_one_that_is_not_there() -> None:
    with pytest.raises(AssertionError, match="there is no installed distribution 'acme-nothing'"):
        check_distribution("acme-nothing")
    with pytest.raises(AssertionError, match="pytest has no entry point of a group that begins with"):
        check_distribution("pytest")
    with pytest.raises(AssertionError, match=r"1 realistic records|can't be loaded"):
        check_distribution("acme-tools")


def count_on(*_: Any) -> Iterator[int]:
    """Records that depend on how many were made before."""
    return (next(NUMBERS) for _ in NUMBERS)


NUMBERS = count()


@pytest.mark.parametrize(
    ("check", "broken", "sentence"),
    [
        (check_payloads, lambda *_: iter([1]), "1 realistic records and no more"),
        (check_payloads, count_on, "equal seeds gave different realistic records"),
        (check_payloads, lambda *_: iter([{1, 2}] * 99), "could not be made: TypeError"),
        (check_metric, print, "decorate the function"),
        (check_monitor, lambda _: lambda: [1], "told list, not numbers by their names"),
        (check_monitor, lambda _: lambda: {"a": float("nan")}, "a is nan, no finite number"),
        (check_monitor, lambda _: None, "failed without a service: TypeError"),
    ],
)
def test_what_does_not_conform_is_told(check: Any, broken: Any, sentence: str) -> None:
    with pytest.raises(AssertionError) as told:
        check(broken)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("name", "function", "sentence"),
    [
        ("share of nothing", lambda _: 3.0, "returned float: return a measurement"),
        ("broken share", lambda scope: scope.samples.latency_ms[0], "could not measure a run of 0 requests"),
        ("error rate", lambda _: None, "the name 'error rate' is taken by another metric"),
    ],
)
def test_a_metric_that_does_not_conform_is_told(name: str, function: Any, sentence: str) -> None:
    before = list(METRICS)
    try:
        with pytest.raises(AssertionError) as told:
            check_metric(
                metric(name, SHARE if "share" in name or "rate" in name else COUNT, better=None)(function)
            )
    finally:
        METRICS[:] = before
    assert sentence in str(told.value)


@pytest.mark.real
@pytest.mark.extended
def test_a_run_uses_plugins_of_all_kinds(
    start: Any, obedient: Any, scenario_file: ScenarioFile, tmp_path: Path
) -> None:
    """Payload sent, metric judged, monitor asked, file written; a broken exporter is told."""
    site = install(tmp_path / "site")
    endpoint = "{name: order, path: /order, payload: {plugin: orders, options: {currency: EUR}}}"
    file = scenario_file(
        objectives="[slow requests <= 1000000, error rate <= 0 %]",
        more=f"traffic: {{user: high, endpoints: [{endpoint}]}}",
    )
    suite = start(
        *("loadtests", "--scenario", file, "--host", obedient.host),
        *("--monitor", "watch", "--export", "summary", "--export", "failing"),
        environment={"PYTHONPATH": str(site)},
    ).wait()
    assert suite.code == 0, suite.said
    assert {body["currency"] for body in obedient.bodies} == {"EUR"}
    run = read_run(suite.folder)
    assert (suite.folder / "verdict.txt").read_text() == f"pass: {len(run.samples)} requests\n"
    assert run.telemetry.select_series("watch.asked", "service")[1].max() >= 2
    assert suite.verdict["objectives"][0]["text"] == "slow requests <= 1000000"
    assert (
        "--export failing: the plug-in 'failing' (exporters) of acme-tools 1.2 failed: RuntimeError"
        in suite.said
    )


def test_an_unknown_monitor_is_refused() -> None:
    command = [sys.executable, "-m", "loadtests", "--monitor", "none", "--export", "none"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 2
    assert (
        "argument --monitor: there is no plug-in 'none' among the monitors; installed are: none"
        in done.stderr
    )
