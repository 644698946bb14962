"""Runs are compared only under the same conditions, and the run with which a figure changed is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.data.recorded_runs import read_recorded_runs
from reports.history.series import RunSeries, group_runs
from reports.history.wording import describe_series, find_newer, name_series

RecordRun = Callable[..., Path]
STEP = [9.0, 9.2, 8.9, 9.1, 8.8, 9.0, 9.3, 14.0, 13.8, 14.3, 14.1, 13.9, 14.2]


def group(folder: Path) -> tuple[RunSeries, ...]:
    """The series of the runs in a folder."""
    return group_runs(read_recorded_runs(folder).runs)


def test_the_run_with_which_a_figure_changed_is_named(
    tmp_path: Path, record_latencies: Callable[[Sequence[float]], None]
) -> None:
    record_latencies(STEP)
    (series,) = group(tmp_path)
    ((figure, change),) = series.changes
    assert (figure.title, change.run.name, change.is_worse) == ("p99", "steady-007", True)
    assert describe_series(series) == (
        "p99 rose from 9.04 to 14.1 ms (+55 %) with the run of 2026-01-08 10:00:00 UTC"
    )


def test_a_rise_is_worse_or_better_as_the_figure_says(tmp_path: Path, record_run: RecordRun) -> None:
    for day, value in enumerate(STEP):
        record_run(day, p99_ms=20 - value, throughput_rps=20 - value)
    (series,) = group(tmp_path)
    assert {figure.title: change.is_worse for figure, change in series.changes} == {
        "p99": False,
        "replies/s": True,
    }


def test_invalid_runs_say_nothing_of_the_service(tmp_path: Path, record_run: RecordRun) -> None:
    for day in range(24):
        record_run(day, p99_ms=500.0 if day > 11 else 9.0, verdict="invalid" if day > 11 else "pass")
    (series,) = group(tmp_path)
    assert series.changes == []
    assert len(series.comparable) == 12


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"machine": {"cores": "8"}}, "machine"),
        ({"host": "https://elsewhere.example"}, "service"),
        ({"planned_s": 77.0}, "load"),
        ({"load_override": "-u 50"}, "load"),
        ({"resolved": {"load": {"users": [{"constant": 7, "for": "1m"}]}}}, "load"),
        ({"resolved": {"traffic": {"timeout": "1s"}}}, "traffic"),
        ({"seeds": {"payloads": 7}}, "traffic"),
        ({"workers": 4}, "processes"),
    ],
)
def test_runs_under_other_conditions_are_another_series(
    tmp_path: Path, record_run: RecordRun, other: dict[str, Any], name: str
) -> None:
    record_run(0, **other)
    record_run(1)
    newer, older = group(tmp_path)
    assert older.conditions.list_differences(newer.conditions) == [name]
    assert name_series(older, find_newer(older, (newer, older))).endswith(f" (other {name})")
    assert name_series(newer, find_newer(newer, (newer, older))) == "steady on this machine"


def test_what_may_differ_in_a_series(tmp_path: Path, record_run: RecordRun) -> None:
    """Another port of this machine, other objectives, another version: one series."""
    record_run(0, host="http://127.0.0.1:8000", objectives=("p99 latency <= 1 ms",))
    record_run(1, host="http://localhost:41234", service={"version": "2"}, note="after the fix")
    record_run(2, host="http://[::1]:9", git_commit="abc")
    assert [len(series.runs) for series in group(tmp_path)] == [3]


def test_scenarios_are_never_mixed(tmp_path: Path, record_run: RecordRun) -> None:
    record_run(0, scenario="soak")
    record_run(1)
    assert [series.conditions.scenario for series in group(tmp_path)] == ["steady", "soak"]


def test_few_runs_say_how_many_are_needed(tmp_path: Path, record_run: RecordRun) -> None:
    record_run(0)
    (series,) = group(tmp_path)
    assert describe_series(series) == "1 valid run: a change of level can be found from 10 on"
