"""The search from its first run to its findings: users, trials, a held-out trial, the way down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from capacity.findings import CapacityFindings, ConcurrencyStep, DownwardStep
from capacity.scalability import LEAST_POINTS, ScalabilityFit, fit_scalability
from capacity.search import CapacitySearch, SearchLimits
from capacity.trials import TrialFigures
from loadtests.cli.child_run import NothingRunError
from loadtests.cli.exit_codes import INVALID
from loadtests.recording.facts import describe_machine
from loadtests.searching.trying import SearchStoppedError, TrialRunner
from reports.data.folder import FolderError
from reports.data.quantities import format_duration, format_number

START_SHARE: Final = 0.7
"""The first trial's rate as a share of the most that users who never pause got answered."""
STOPPED: Final = "it was stopped"


def search_capacity(
    runner: TrialRunner, limits: SearchLimits, start_per_s: float | None, host: str, began: str
) -> CapacityFindings:
    """What all runs together found; what is known until then, if a signal or an error ends it."""
    steps: tuple[ConcurrencyStep, ...] = ()
    trials: list[TrialFigures] = []
    downward: tuple[DownwardStep, ...] = ()
    held_out, ended = None, None
    search = CapacitySearch(start_per_s or 1.0, limits)
    try:
        steps = runner.measure_concurrency()
        if start_per_s is None:
            search.start_per_s = _find_start(runner, steps)
        while (trial := search.next_trial()) is not None:
            trials.append(runner.try_rate(trial))
            search.record(trials[-1].to_result(trial))
            runner.tell(_describe(len(trials), limits.most_trials, trials[-1]))
        found = search.find_bracket()
        if found.at_least is not None and found.less_than is not None:
            held_out = runner.try_held_out(found.at_least)
            downward = runner.descend(found.at_least, found.less_than)
    except SearchStoppedError:
        ended = STOPPED
    except NothingRunError as error:
        if not trials:
            raise
        ended = f"the next run could not be made ({str(error).splitlines()[0].rstrip('.')})"
    except (FolderError, OSError) as error:
        if not trials:
            raise
        ended = f"the next run could not be kept ({str(error).splitlines()[0].rstrip('.')})"
    return CapacityFindings(
        scenario=runner.scenario.name,
        host=host,
        started_at=began,
        objectives=tuple(map(str, runner.scenario.objectives)),
        precision=limits.precision,
        capacity=search.find_bracket(ended),
        trials=tuple(trials),
        held_out=held_out,
        downward=downward,
        concurrency=steps,
        scalability=_fit(steps),
        machine=describe_machine(),
    )


def _find_start(runner: TrialRunner, steps: Sequence[ConcurrencyStep]) -> float:
    if not steps:
        raise NothingRunError(
            f"no request of {runner.out / 'concurrency'} succeeded: see its report", INVALID
        )
    best = max(step.throughput_per_s for step in steps)
    runner.tell(f"users who never pause got up to {format_number(best)} answers/s")
    return START_SHARE * best


def _fit(steps: Sequence[ConcurrencyStep]) -> ScalabilityFit | None:
    if len(steps) < LEAST_POINTS:
        return None
    return fit_scalability([step.users for step in steps], [step.throughput_per_s for step in steps])


def _describe(number: int, most: int, trial: TrialFigures) -> str:
    p99 = trial.figures.p99_ms
    latency = "" if p99 is None else f", p99 {format_number(p99)} ms"
    return (
        f"trial {number} of at most {most}: {format_number(trial.planned_per_s)}/s {trial.outcome} after "
        f"{format_duration(trial.seconds)}{latency}"
    )
