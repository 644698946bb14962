"""Files and recordings replayed over real HTTP: each record once, when it is due, by whichever process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
ScenarioFile = Callable[..., str]

ENDPOINT = (
    "traffic: {{{user}endpoints: "
    "[{{name: call, path: /call, payload: {{file: calls.jsonl, order: replay}}}}]}}"
)
OBJECTIVES = "[p99 latency <= 60 s, error rate <= 0 %]"


def write_calls(folder: Path, count: int, gap_s: float = 0.01) -> None:
    """Calls in pairs: two at the same moment."""
    lines = (json.dumps({"n": number, "at": 100 + number // 2 * 2 * gap_s}) for number in range(count))
    (folder / "calls.jsonl").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("processes", [1, 2])
def test_recorded_calls_are_sent_when_they_came_each_with_its_record(
    start: Start, scenario_file: ScenarioFile, tmp_path: Path, obedient: Any, processes: int
) -> None:
    write_calls(tmp_path, 400)
    load = "{replay: {file: calls.jsonl, time: at, speed: 1.5}}"
    file = scenario_file(load, OBJECTIVES, ENDPOINT.format(user=""))
    more = ("--processes", "2") if processes == 2 else ()
    run = start("loadtests", "--scenario", file, "--host", obedient.host, *more).wait()
    assert run.code == 0, run.said
    assert sorted(body["n"] for body in obedient.bodies) == list(range(400))
    samples = parquet.read_table(run.folder / "samples.parquet")
    intended = sorted(samples.column("intended_s").to_pylist())
    assert intended == pytest.approx([number // 2 * 0.02 / 1.5 for number in range(400)], abs=1e-6)
    assert "400 of 400 records sent to call" in run.verdict["sentence"]
    assert set(run.facts["recorded_dispersion"]) == {"0.1"}
    page = (run.folder / "report.html").read_text()
    assert "Index of dispersion of counts: " in page
    assert "Arrival lag " in page


@pytest.mark.parametrize(
    ("load", "user"),
    [
        ("{rate: [{constant: 100/s, for: 4s}], spacing: constant}", ""),
        ("{users: [{constant: 3, for: 4s}]}", "user: eager, "),
        ("{users: [{constant: 60, for: 4s}]}", ""),
    ],
    ids=["open", "eager", "paced"],
)
def test_requests_end_with_the_records_and_that_is_no_fault(
    start: Start, scenario_file: ScenarioFile, tmp_path: Path, obedient: Any, load: str, user: str
) -> None:
    write_calls(tmp_path, 50)
    file = scenario_file(load, OBJECTIVES, ENDPOINT.format(user=user))
    run = start("loadtests", "--scenario", file, "--host", obedient.host, "--processes", "2").wait()
    assert run.code == 0, run.said
    assert sorted(body["n"] for body in obedient.bodies) == list(range(50))
    assert "50 of 50 records sent to call" in run.said.replace("\n  ", " ")


def test_a_line_that_is_broken_far_behind_makes_the_run_invalid(
    start: Start, scenario_file: ScenarioFile, tmp_path: Path, obedient: Any
) -> None:
    """The first 64 MiB are read before the run; what lies behind is found when it is reached."""
    with (tmp_path / "calls.jsonl").open("w") as lines:
        for number in range(70):
            lines.write(json.dumps({"n": number, "filler": "x" * 2**20}) + "\n")
        lines.write('{"n": \n')
    load = "{rate: [{constant: 30/s, for: 6s}], spacing: constant}"
    file = scenario_file(load, OBJECTIVES, ENDPOINT.format(user=""))
    run = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert run.code == 3, run.said
    assert len(obedient.bodies) == 70
    assert "line 71: no JSON value" in run.said
    assert any(
        "the payload file of call could not be read to its end" in each for each in run.verdict["reasons"]
    )


def test_a_broken_line_is_told_before_anything_is_sent(
    start: Start, scenario_file: ScenarioFile, tmp_path: Path, obedient: Any
) -> None:
    (tmp_path / "calls.jsonl").write_text('{"n": 1}\n{"n": \n')
    file = scenario_file("{rate: [{constant: 10/s, for: 1s}]}", OBJECTIVES, ENDPOINT.format(user=""))
    run = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert run.code == 2, run.said
    assert "calls.jsonl, line 2: no JSON value" in run.said
    assert obedient.bodies == []


def test_the_preflight_takes_no_record_from_the_load(
    start: Start, scenario_file: ScenarioFile, tmp_path: Path, obedient: Any
) -> None:
    write_calls(tmp_path, 50)
    load = "{rate: [{constant: 50/s, for: 1s}], spacing: constant}"
    file = scenario_file(load, OBJECTIVES, ENDPOINT.format(user=""))
    run = start("loadtests", "--scenario", file, "--host", obedient.host, preflight=True).wait()
    assert run.code == 0, run.said
    assert sorted(body["n"] for body in obedient.bodies) == [0, *range(50)]
