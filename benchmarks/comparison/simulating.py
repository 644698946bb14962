"""Compares simulated services, which are equal or differ by a planted delay, and counts what is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from reports.comparison.blocks import compare_blocks
from reports.comparison.compared_metrics import list_compared_metrics
from reports.comparison.differences import FigureDifference, Margins, decide_differences
from reports.data.columns import Floats, Mask
from reports.data.facts import Facts, Stage
from reports.data.labels import Labels
from reports.data.run import Run
from reports.data.run_sets import RunSet
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry

RATE_PER_S: Final = 200.0
FAILING: Final = 0.001
"""Of the requests of every simulated service."""
RUNS_OF_ROUND: Final = 4
Machine: TypeAlias = Callable[[np.random.Generator, int], Floats]
"""How many times as long replies take in each of so many runs, one after the other."""


def draw_dependent(rng: np.random.Generator, runs: int, requests: int, dependence: float) -> Floats:
    """Log-normal latencies in ms, a row each run, whose logarithms follow an AR(1) process."""
    noise = rng.normal(size=(requests, runs))
    values = np.empty((runs, requests))
    state = values[:, 0] = noise[0]
    for place in range(1, requests):
        state = dependence * state + np.sqrt(1 - dependence**2) * noise[place]
        values[:, place] = state
    return np.exp(2.0 + 0.4 * values)


def draw_queue(rng: np.random.Generator, runs: int, requests: int, load: float) -> Floats:
    """Latencies in ms of a queue with one server, M/M/1, after 2,000 requests (Lindley's recursion)."""
    before = 2_000
    gaps = rng.exponential(1.0 / load, size=(requests + before, runs))
    services = rng.exponential(1.0, size=(requests + before, runs))
    waiting, found = np.zeros(runs), np.empty((runs, requests))
    for place in range(1, requests + before):
        waiting = np.maximum(0.0, waiting + services[place - 1] - gaps[place])
        if place >= before:
            found[:, place - before] = waiting + services[place]
    return 5.0 * found


SERVICES: Final[dict[str, Callable[[np.random.Generator, int, int], Floats]]] = {
    "independent requests": lambda rng, runs, requests: draw_dependent(rng, runs, requests, 0.0),
    "AR(1), 0.9": lambda rng, runs, requests: draw_dependent(rng, runs, requests, 0.9),
    "AR(1), 0.98": lambda rng, runs, requests: draw_dependent(rng, runs, requests, 0.98),
    "M/M/1, load 0.7": lambda rng, runs, requests: draw_queue(rng, runs, requests, 0.7),
}


def drift(_: np.random.Generator, runs: int, share: float = 0.2) -> Floats:
    """A machine that becomes slower by `share` from the first run to the last."""
    return np.linspace(1.0, 1.0 + share, runs)


def disturb_at_random(rng: np.random.Generator, runs: int) -> Floats:
    """A machine that other programs disturb for whole runs, now and then by far: heavy tails.

    The logarithm is 0.05 times the amount of a Student's t with 2 degrees of freedom: one run in ten is
    slower by 16 % or more, one in a hundred by 64 %.
    """
    return np.exp(0.05 * np.abs(rng.standard_t(2, size=runs)))


def disturb_in_step(_: np.random.Generator, runs: int) -> Floats:
    """A machine that is slower by 10 % in the first and last run of each round: something comes as often."""
    return np.tile([1.1, 1.0, 1.0, 1.1], -(-runs // RUNS_OF_ROUND))[:runs]


@dataclass
class ComparisonCounts:
    """What was said of some comparisons."""

    comparisons: int = 0
    any_worse: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By figure and outcome."""

    def add(self, differences: tuple[FigureDifference, ...]) -> None:
        """Count one comparison."""
        self.comparisons += 1
        self.any_worse += any(each.outcome == "worse" for each in differences)
        self.outcomes.update((each.text, each.outcome) for each in differences)

    def share(self, figure: str, outcome: str) -> float:
        """The share of comparisons in which a figure had this outcome."""
        return self.outcomes[figure, outcome] / self.comparisons


def compare_runs(
    service: str,
    delay: float,
    comparisons: int,
    requests: int,
    seed: int,
    *,
    runs: int = 1,
    machine: Machine | None = None,
) -> ComparisonCounts:
    """So many runs against as many, by turns; the candidate is slower by the share `delay`."""
    rng = np.random.default_rng(seed)
    counts = ComparisonCounts()
    for _ in range(comparisons):
        made = _make_runs(rng, service, requests, [delay * (place % 2) for place in range(2 * runs)], machine)
        counts.add(decide(RunSet("a", tuple(made[::2])), RunSet("b", tuple(made[1::2]))))
    return counts


def compare_in_rounds(
    service: str,
    delay: float,
    comparisons: int,
    requests: int,
    seed: int,
    *,
    rounds: int = 5,
    machine: Machine = drift,
) -> ComparisonCounts:
    """Rounds A B B A or B A A B; the candidate is slower by the share `delay`."""
    rng = np.random.default_rng(seed)
    counts = ComparisonCounts()
    for _ in range(comparisons):
        order = "".join("baab" if swapped else "abba" for swapped in rng.random(rounds) < 0.5)
        made = _make_runs(rng, service, requests, [delay * (side == "b") for side in order], machine)
        numbers = [place // RUNS_OF_ROUND + 1 for place in range(len(order))]
        sides = (
            RunSet(
                name,
                tuple(run for run, side in zip(made, order, strict=True) if side == name),
                tuple(number for number, side in zip(numbers, order, strict=True) if side == name),
            )
            for name in "ab"
        )
        counts.add(decide(*sides))
    return counts


def _make_runs(
    rng: np.random.Generator, service: str, requests: int, delays: Sequence[float], machine: Machine | None
) -> list[Run]:
    """One run after the other, each slower by its delay, on a machine that is steady or disturbed."""
    latencies = SERVICES[service](rng, len(delays), requests) * (1.0 + np.array(delays))[:, None]
    if machine is not None:
        latencies *= machine(rng, len(delays))[:, None]
    failed = rng.random(latencies.shape) < FAILING
    return [build_simulated_run(*each) for each in zip(latencies, failed, strict=True)]


def decide(baseline: RunSet, candidate: RunSet) -> tuple[FigureDifference, ...]:
    """The differences at the default margins and confidence."""
    compared = list_compared_metrics((*baseline.runs, *candidate.runs))
    figures = [compare_blocks(each, baseline, candidate) for each in compared]
    known = [place for place, each in enumerate(figures) if each.estimate is not None]
    return decide_differences(
        [compared[place] for place in known], [figures[place] for place in known], Margins(), 0.95
    )


def build_simulated_run(latency_ms: Floats, failed: Mask) -> Run:
    """A run at 200 requests/s with these latencies and failures."""
    count = len(latency_ms)
    intended_s = np.arange(count) / RATE_PER_S
    zeros, nothing = np.zeros(count, dtype=np.int16), np.full(count, np.nan, dtype=np.float32)
    samples = Samples(
        intended_s=intended_s,
        sent_s=intended_s,
        latency_ms=latency_ms,
        service_ms=latency_ms,
        endpoint=Labels(zeros, ("predict",)),
        stage=Labels(zeros, ("steady",)),
        outcome=Labels(failed.astype(np.int16), ("ok", "http_5xx")),
        status=np.where(failed, 500, 200).astype(np.uint16),
        kind=Labels(zeros, ("realistic",)),
        rows=np.ones(count, dtype=np.uint32),
        request_bytes=np.full(count, 100, dtype=np.uint32),
        response_bytes=np.full(count, 20, dtype=np.uint32),
        queue_ms=nothing,
        inference_ms=nothing,
        batch_size=nothing,
        trace_id=np.full(count, None, dtype=np.object_),
        worker=zeros.astype(np.uint16),
    )
    lasts_s = count / RATE_PER_S
    facts = Facts(
        scenario="simulated",
        description="",
        model="open",
        host="http://127.0.0.1:8000",
        started_at="2026-01-05T10:00:00Z",
        stages=(Stage("steady", 0.0, lasts_s),),
        objectives=(),
        planned_s=lasts_s,
        ended_s=lasts_s,
    )
    return Run(Path("simulated"), facts, samples, Telemetry.empty())
