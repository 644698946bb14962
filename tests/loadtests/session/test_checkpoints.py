"""A run is looked at as often as looks allow, and ended by the first that decides it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, cast

import pytest

from loadtests.recording.run import RunRecording
from loadtests.session import checkpoints
from reports.data.facts import Facts, Stage

TIMEOUT_S = 2.0
SETTLE_S = TIMEOUT_S + checkpoints.ARRIVAL_S


@dataclass
class WatchedRun:
    """As much of a run of 100 s as its looks see; a clock that only sleeping and looking move."""

    look_s: float
    decided_from_s: float = 1e9
    fails: bool = False
    elapsed_s: float = 0.0
    is_running: bool = True
    folder: Path = Path("run")
    looks: list[tuple[float, float]] = field(default_factory=list)
    """Until when requests were looked at, and when."""
    decided: list[float] = field(default_factory=list)

    @property
    def facts(self) -> Facts:
        stages = (Stage("steady", 0.0, 100.0),)
        return Facts("x", "", "open", "", "", stages, (), planned_s=100.0, early_end=True)

    def sleep(self, seconds: float) -> None:
        self.elapsed_s += seconds

    def look(self, *arguments: str, nice: bool) -> CompletedProcess[str]:
        assert nice
        until_s = float(arguments[-1])
        self.looks.append((until_s, self.elapsed_s))
        self.elapsed_s += self.look_s
        told = json.dumps({"decided": until_s >= self.decided_from_s})
        return CompletedProcess(arguments, int(self.fails), told, "it is broken")


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call with what a run is like: the run after all its looks."""

    def watch(**properties: Any) -> WatchedRun:
        run = WatchedRun(**properties)
        monkeypatch.setattr(checkpoints.gevent, "sleep", run.sleep)
        monkeypatch.setattr(checkpoints, "run_reports", run.look)
        checkpoints.watch(cast(RunRecording, run), TIMEOUT_S, run.decided.append).join()
        return run

    return watch


def test_short_looks_are_taken_after_each_hundredth_from_a_fifth_on(watched: Any) -> None:
    """Each when all requests due before have been answered or timed out; none that ends after the plan."""
    looks = watched(look_s=0.1).looks
    assert [until_s for until_s, _ in looks] == pytest.approx(list(range(20, 97)))
    assert [at_s - until_s for until_s, at_s in looks] == pytest.approx([SETTLE_S] * len(looks))


def test_long_looks_leave_checkpoints_out_and_take_a_fifth_of_a_core_at_most(watched: Any) -> None:
    looks = watched(look_s=2.0).looks
    begins = [at_s for _, at_s in looks]
    assert [later - sooner for sooner, later in pairwise(begins)] == pytest.approx(
        [(1 + checkpoints.REST) * 2.0] * (len(looks) - 1)
    )
    assert all(at_s - until_s <= SETTLE_S + 1.0 for until_s, at_s in looks), "the newest checkpoint that may"


def test_the_first_look_that_decides_ends_the_run(watched: Any) -> None:
    run = watched(look_s=0.1, decided_from_s=31.5)
    assert run.decided == pytest.approx([32.0])
    assert run.looks[-1][0] == pytest.approx(32.0)


def test_a_run_that_can_not_be_looked_at_goes_on_and_says_so(
    watched: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run = watched(look_s=0.1, fails=True)
    assert (len(run.looks), run.decided) == (1, [])
    assert "goes on to its end" in caplog.text


def test_a_run_that_ended_meanwhile_is_not_decided(watched: Any) -> None:
    run = watched(look_s=0.1, decided_from_s=0.0, is_running=False)
    assert run.decided == []
