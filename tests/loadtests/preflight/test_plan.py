"""What can't be in a plan is told before anything is sent; a plan in order gives no warning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.loading import list_scenario_names, load_file, load_scenario
from loadtests.__main__ import main
from loadtests.preflight import plan
from loadtests.preflight.plan import count_needed, list_warnings
from reports.judging.confidence import compute_required_samples

Warn = Callable[..., list[str]]


@pytest.fixture
def warn(tmp_path: Path) -> Warn:
    """Call with the YAML of load, objectives and more: the warnings about the scenario."""

    def check(
        load: str = "{rate: [{constant: 100/s, for: 60s}]}",
        objectives: str = "[p99 latency <= 1 s]",
        more: str = "",
        processes: int | None = 1,
    ) -> list[str]:
        file = tmp_path / "mine.yaml"
        file.write_text(f"description: Mine.\nload: {load}\nobjectives: {objectives}\n{more}\n")
        return list_warnings(load_file(file), processes)

    return check


def test_a_plan_in_order_gives_no_warning(warn: Warn) -> None:
    assert warn() == []


@pytest.mark.parametrize("name", list_scenario_names())
def test_our_own_scenarios_can_be(name: str) -> None:
    warnings = [each for each in list_warnings(load_scenario(name)) if "can't be proven" not in each]
    assert warnings == []


def test_users_beyond_the_open_files_and_ports_are_told(warn: Warn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_find_file_limit", lambda: 1_100)
    monkeypatch.setattr(plan, "_count_ports", lambda: 28_232)
    load = "{{users: [{{constant: {}, for: 60s}}]}}"
    assert warn(load.format(1_000)) == []
    assert warn(load.format(1_001)) == [
        "1,001 users are planned, and 1 process can open 1,000 connections: raise the limit of open files "
        "(ulimit -n), or use more --processes"
    ]
    assert warn(load.format(2_000), processes=2) == []
    (told,) = warn(load.format(30_000), processes=40)
    assert told.startswith("30,000 users are planned, and this machine has 28,232 ports")
    assert warn(load.format(30_000), processes=None) == [], "on machines that are not known"


def test_where_the_system_does_not_tell_its_ports_none_are_missed(
    warn: Warn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(plan, "_find_file_limit", lambda: 100_100)
    monkeypatch.setattr(plan, "PORT_RANGE", tmp_path / "missing")
    assert warn("{users: [{constant: 90000, for: 60s}]}") == []


def test_a_throughput_above_the_plan_is_told(warn: Warn) -> None:
    assert warn(objectives="[throughput >= 99 requests/s]") == []
    assert warn(objectives="[throughput >= 150 requests/s]") == [
        "'throughput >= 150 requests/s' can't be met: 100 requests/s are planned"
    ]


def test_a_placeholder_that_nothing_fills_is_told(warn: Warn) -> None:
    endpoint = "traffic: {{endpoints: [{{name: order, path: '/c/{{customer}}/{{age}}', {}}}]}}"
    (told,) = warn(more=endpoint.format("payload: {fields: {age: {constant: 3}}}"))
    assert told == "order: there is no value for {customer}; there are: age"
    filled = "payload: {fields: {age: {constant: 3}}}, values: {customer: {sequence: 1}}"
    assert warn(more=endpoint.format(filled)) == []


def test_what_earlier_replies_give_is_no_gap(warn: Warn) -> None:
    steps = """
traffic:
  login: [{name: login, path: /login, take: {token: t}}]
  journeys:
    - name: buying
      steps:
        - {name: search, method: GET, path: /items, take: {item: "[0].id"}}
        - {name: order, path: "/items/{item}", headers: {Authorization: "Bearer {token}"}}
"""
    assert warn(more=steps) == []
    (told,) = warn(more=steps.replace('take: {item: "[0].id"}', 'take: {thing: "[0].id"}'))
    assert told.startswith("order: there is no value for {item}; there are: ")


def test_files_whose_records_repeat_or_are_cut_are_told(warn: Warn, tmp_path: Path) -> None:
    more = "traffic: {endpoints: [{name: score, path: /score, payload: {file: few.jsonl}}]}"
    records = tmp_path / "few.jsonl"
    records.write_text("1\n" * 4_000)
    assert warn(more=more) == []
    records.write_text("1\n" * 20)
    assert warn(more=more) == [
        "score: few.jsonl holds 20 records, and each is sent about 300 times: a cache makes the service look "
        "faster than it is"
    ]
    records.write_text("1\n" * 5_000)
    assert warn(more=more) == [
        "score: few.jsonl holds 5,000 records, and each process repeats its first 4,096 at most"
    ]
    assert warn(more=more.replace("few.jsonl}", "few.jsonl, order: replay}")) == []


def test_objectives_about_too_few_requests_are_told(warn: Warn) -> None:
    load = "{rate: [{constant: 10/s, for: 60s}, {constant: 10/s, for: 20s, stage: late}]}"
    objectives = (
        "[p99 latency <= 1 s, p99 latency <= 1 s during late, error rate <= 0.1 %, error rate <= 0 %]"
    )
    assert warn(load, objectives) == [
        "'p99 latency <= 1 s during late' can't be proven: 200 requests planned, 299 needed at the least",
        "'error rate <= 0.1 %' can't be proven: 800 requests planned, 2,995 needed at the least",
    ]


def test_a_growth_that_the_plan_cannot_decide_is_told(warn: Warn) -> None:
    load = "{users: [{ramp: [0, 10], for: 60s, stage: up}, {constant: 10, for: 1h, stage: hold}]}"
    changing = "can't be told of a load that changes: name a stage of constant load (during ...)"
    step = "memory is taken in steps of 1 MiB, so"
    drifts = "[p99 drift <= 5 %/h, p99 drift <= 5 %/h during up, p99 drift <= 6 %/h during hold]"
    assert warn(load, drifts) == [
        f"'p99 drift <= 5 %/h' {changing}",
        f"'p99 drift <= 5 %/h during up' {changing}",
    ]
    growths = (
        "[service memory growth <= 1 MiB/h, service memory growth <= 1 MiB/h during hold, "
        "generator memory growth <= 0 MiB/h]"
    )
    assert warn(load, growths) == [
        f"'service memory growth <= 1 MiB/h during hold' can't be proven in 1 h: {step} "
        "it takes more than 1 h",
        f"'generator memory growth <= 0 MiB/h' can't be proven in 1 h 1 min: {step} no time is long enough",
    ]


def test_an_objective_about_unseen_stalls_that_needs_a_longer_run_is_told(warn: Warn) -> None:
    """By the rule of three, by which the run will be judged."""
    load = "{{rate: [{{constant: 1/s, for: {}s}}]}}"
    stated = "[unseen stalls <= 6 per h]"
    assert warn(load.format(1_798), stated) == []
    assert warn(load.format(600), stated) == [
        "'unseen stalls <= 6 per h' can't be met: 10 min of load judged, 29 min 58 s needed at the least"
    ]
    assert warn(load.format(1_797), stated) != []


def test_a_run_that_may_end_early_needs_more_time_to_show_stalls(tmp_path: Path) -> None:
    """As much as its end is judged by: 36 min 54 s in place of 29 min 58 s."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        "description: Mine.\nload: {rate: [{constant: 1/s, for: 2000s}]}\n"
        "objectives: [unseen stalls <= 6 per h]\n"
    )
    scenario = load_file(file)
    assert list_warnings(scenario) == []
    (told,) = list_warnings(scenario, early_end=True)
    assert told.endswith("36 min 54 s needed at the least")


def test_an_objective_on_an_endpoint_counts_its_share(warn: Warn) -> None:
    more = "traffic: {endpoints: [{name: a, path: /a}, {name: b, path: /b, weight: 99}]}"
    assert warn(objectives="[p99 latency <= 1 s on a, p99 latency <= 1 s on b]", more=more) == [
        "'p99 latency <= 1 s on a' can't be proven: 60 requests planned, 299 needed at the least"
    ]


@given(st.sampled_from([0.5, 0.1, 0.05, 0.01, 0.001, 0.0001]), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_number_needed_is_that_of_the_proof(budget: float, confidence: float) -> None:
    assert count_needed(budget, confidence) == compute_required_samples(budget, 0, confidence)


def test_the_check_prints_warnings_after_the_drawing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "batch"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("warning: 'error rate <= 0.1 %' can't be proven")


@pytest.mark.real
@pytest.mark.extended
def test_a_run_begins_with_the_same_warnings(
    start: Callable[..., Any], scenario_file: Callable[..., str], obedient: Any
) -> None:
    suite = start("loadtests", "--scenario", scenario_file(), "--host", obedient.host).wait()
    assert suite.code == 0, suite.said
    assert "warning: 'p99 latency <= 5 s' can't be proven: 6 requests planned" in suite.stderr


def test_of_a_load_in_multiples_of_a_capacity_no_number_of_requests_is_known() -> None:
    """Twice the capacity for 20 s is not 40 requests."""
    assert list_warnings(load_scenario("overload")) == []
