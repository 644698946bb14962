"""Makes the runs of a search for the capacity, each in a folder of its own with everything a run has."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from capacity.findings import ConcurrencyStep, DownwardStep
from capacity.search import PlannedTrial
from capacity.trials import TrialFigures, read_downward, read_trial
from configuration.scenario import Scenario
from configuration.trials import make_concurrency_steps, make_descent, make_trial
from loadtests.cli.child_process import ChildProcess
from loadtests.cli.child_run import NothingRunError, run_load_test
from reports.data.folder import read_run, write_text
from reports.data.run import Run
from reports.figures.figures import compute_stage_figures
from shapes.profiles import Constant

USERS: Final = (1, 2, 4, 8, 16, 32)
STEP_S: Final = 4.0
WARM_UP_S: Final = 3.0
OVERLOAD: Final = 1.3
"""How many times the lowest broken rate the overload before the downward steps is."""
OVERLOAD_S: Final = 5.0
DOWNWARD: Final = (1.0, 0.8, 0.6, 0.4)
"""The downward steps as shares of the highest proven rate."""
DOWNWARD_S: Final = 15.0
HELD_OUT: Final = 0.6
"""The rate of the trial that the search makes no use of, as a share of the highest proven rate."""
HELD_OUT_S: Final = 60.0
DECIDED: Final = "--stop-when-decided"
UNASKED: Final = "--no-preflight"
"""The first run of the search has asked each endpoint already."""


class SearchStoppedError(Exception):
    """A signal stopped the search."""


@dataclass
class TrialRunner:
    """Runs trials of a scenario against a service; `confidence` is that of each of them."""

    scenario: Scenario
    out: Path
    words: Sequence[str]
    """What each load test is told besides, such as --host."""
    trial_s: float
    confidence: float
    child: ChildProcess
    tell: Callable[[str], None]
    made: int = 0

    def measure_concurrency(self) -> tuple[ConcurrencyStep, ...]:
        """The throughput of more and more users who never pause."""
        run = self._run(make_concurrency_steps(self.scenario, "concurrency", USERS, STEP_S))
        return tuple(
            ConcurrencyStep(round(stage.users), stage.figures.throughput_rps, stage.figures.p50_ms)
            for stage in compute_stage_figures(run)
            if stage.users and stage.figures.throughput_rps
        )

    def try_rate(self, trial: PlannedTrial) -> TrialFigures:
        """What a rate comes to; an invalid trial is repeated once, for a disturbance may have passed."""
        self.made += 1
        rate_per_s, length_s = trial.rate_per_s, trial.times * self.trial_s
        found = self._try(f"trial-{self.made:02d}", rate_per_s, length_s)
        if found.outcome == "invalid":
            self.tell(f"{found.folder} is invalid: {found.reason}; once more")
            found = self._try(f"trial-{self.made:02d}-again", rate_per_s, length_s)
        return found

    def try_held_out(self, capacity_per_s: float) -> TrialFigures:
        """A rate below the capacity that the search made no use of."""
        return self._try("held-out", HELD_OUT * capacity_per_s, min(self.trial_s, HELD_OUT_S))

    def descend(self, at_least: float, less_than: float) -> tuple[DownwardStep, ...]:
        """What lower and lower rates come to after an overload, the highest proven rate first."""
        rates = [share * at_least for share in DOWNWARD]
        overload = Constant(less_than * OVERLOAD, OVERLOAD_S)
        run = self._run(make_descent(self.scenario, "downward", overload, rates, DOWNWARD_S), UNASKED)
        return tuple(
            DownwardStep(rate, held, p99_ms)
            for rate, (held, p99_ms) in zip(rates, read_downward(run, rates), strict=True)
        )

    def _try(self, name: str, rate_per_s: float, duration_s: float) -> TrialFigures:
        wanted = make_trial(self.scenario, name, rate_per_s, duration_s, self.confidence, WARM_UP_S)
        seeds = {**wanted.seeds, "arrivals": wanted.seeds["arrivals"] + self.made}
        return read_trial(self._run(replace(wanted, seeds=seeds), DECIDED, UNASKED), rate_per_s)

    def _run(self, scenario: Scenario, *options: str) -> Run:
        file = self.out / f"{scenario.name}.yaml"
        write_text(file, json.dumps(scenario.resolve(), indent=2, ensure_ascii=False) + "\n")
        words = ["--scenario", str(file), "--out", str(self.out), *self.words, *options]
        try:
            folder, _ = run_load_test(words, {}, self.child.run)
        except NothingRunError:
            if self.child.stopped:
                raise SearchStoppedError from None
            raise
        if self.child.stopped:
            raise SearchStoppedError
        return read_run(folder)
