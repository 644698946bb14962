"""How a search ends: with a bracket and what comes after it, or early, with what is known until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from capacity.findings import CapacityFindings, ConcurrencyStep, DownwardStep
from capacity.search import PlannedTrial, SearchLimits
from capacity.trials import TrialFigures
from loadtests.cli.child_run import NothingRunError
from loadtests.searching.search import search_capacity
from loadtests.searching.trying import SearchStoppedError
from reports.data.folder import FolderError

SERVICE = SimpleNamespace(name="queue", objectives=("p99 latency <= 1 s",))


@dataclass
class Runner:
    """Runs nothing: rates up to 100/s hold; `fails` is raised at the trial of that number, if any."""

    fails: dict[int, Exception] = field(default_factory=dict)
    fails_after: Exception | None = None
    scenario: Any = field(default_factory=lambda: SERVICE)
    out: Path = Path("out")
    rates: list[float] = field(default_factory=list)
    users: tuple[int, ...] = (1, 2, 4)

    def tell(self, text: str) -> None:
        assert text

    def measure_concurrency(self) -> tuple[ConcurrencyStep, ...]:
        return tuple(ConcurrencyStep(count, 40.0 * count, 20.0) for count in self.users)

    def try_rate(self, trial: PlannedTrial) -> TrialFigures:
        rate = trial.rate_per_s
        self.rates.append(rate)
        if len(self.rates) in self.fails:
            raise self.fails[len(self.rates)]
        return make_trial(rate, "proven" if rate <= 100 else "broken")

    def try_held_out(self, capacity: float) -> TrialFigures:
        if self.fails_after is not None:
            raise self.fails_after
        return make_trial(0.6 * capacity, "proven")

    def descend(self, at_least: float, less_than: float) -> tuple[DownwardStep, ...]:
        assert at_least < less_than
        return (DownwardStep(at_least, True, 20.0),)


def make_trial(rate: float, outcome: Any) -> TrialFigures:
    figures: Any = SimpleNamespace(p99_ms=40.0)
    return TrialFigures("trial", rate, outcome, "", 60.0, figures, *[None] * 7)


@pytest.fixture
def search() -> Callable[[Runner], CapacityFindings]:
    def run(runner: Runner) -> CapacityFindings:
        return search_capacity(runner, SearchLimits(), None, "http://x", "2026-01-05T10:00:00Z")  # type: ignore[arg-type]

    return run


def test_a_whole_search(search: Callable[[Runner], CapacityFindings]) -> None:
    """The first rate is 0.7 of the best throughput of users; after the bracket come the last two runs."""
    runner = Runner()
    found = search(runner)
    assert runner.rates[0] == pytest.approx(0.7 * 160)
    assert found.is_valid
    assert found.capacity.width <= 0.05
    assert found.held_out is not None
    assert found.held_out.planned_per_s == pytest.approx(0.6 * (found.capacity.at_least or 0))
    assert len(found.downward) == 1


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (SearchStoppedError(), "it was stopped"),
        (
            NothingRunError("it does not answer.\nmore", 2),
            "the next run could not be made (it does not answer)",
        ),
        (FolderError("x holds no run."), "the next run could not be kept (x holds no run)"),
        (
            OSError(28, "No space left on device"),
            "the next run could not be kept ([Errno 28] No space left on device)",
        ),
    ],
)
def test_what_is_known_when_it_ends_early_is_kept(
    search: Callable[[Runner], CapacityFindings], error: Exception, ended: str
) -> None:
    found = search(Runner({3: error}))
    assert (len(found.trials), found.capacity.ended) == (2, ended)
    kept = search(Runner(fails_after=error))
    assert kept.is_valid
    assert (kept.held_out, kept.downward, kept.capacity.ended) == (None, (), ended)


def test_a_search_whose_first_run_can_not_be_made_is_none(
    search: Callable[[Runner], CapacityFindings],
) -> None:
    with pytest.raises(NothingRunError, match="does not answer"):
        search(Runner({1: NothingRunError("it does not answer", 2)}))
    with pytest.raises(NothingRunError, match="no request of out/concurrency succeeded"):
        search(Runner(users=()))
