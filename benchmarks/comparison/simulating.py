"""Compares simulated services, which are equal or differ by a planted delay, and counts what is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

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
ROUNDS: Final = 5


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


def compare_single_runs(
    service: str, delay: float, comparisons: int, requests: int, seed: int
) -> ComparisonCounts:
    """One run against one; the candidate is slower by the share `delay`."""
    rng = np.random.default_rng(seed)
    latencies = SERVICES[service](rng, 2 * comparisons, requests)
    failed = rng.random(latencies.shape) < FAILING
    counts = ComparisonCounts()
    for place in range(comparisons):
        other = comparisons + place
        baseline = RunSet("a", (build_simulated_run(latencies[place], failed[place]),))
        slower = latencies[other] * (1.0 + delay)
        counts.add(decide(baseline, RunSet("b", (build_simulated_run(slower, failed[other]),))))
    return counts


def compare_in_rounds(
    service: str, delay: float, comparisons: int, requests: int, seed: int, drift: float
) -> ComparisonCounts:
    """Five rounds A B B A or B A A B, on a machine that becomes slower by `drift` (a share) all along."""
    rng = np.random.default_rng(seed)
    counts = ComparisonCounts()
    for _ in range(comparisons):
        latencies = SERVICES[service](rng, 4 * ROUNDS, requests)
        latencies *= np.linspace(1.0, 1.0 + drift, 4 * ROUNDS)[:, None]
        sides: dict[str, list[tuple[int, Run]]] = {"a": [], "b": []}
        for place, side in enumerate(_order_rounds(rng)):
            values = latencies[place] * (1.0 + delay if side == "b" else 1.0)
            run = build_simulated_run(values, rng.random(requests) < FAILING)
            sides[side].append((place // 4 + 1, run))
        sets = [
            RunSet(name, tuple(run for _, run in runs), tuple(number for number, _ in runs))
            for name, runs in sides.items()
        ]
        counts.add(decide(sets[0], sets[1]))
    return counts


def _order_rounds(rng: np.random.Generator) -> Iterator[str]:
    for swapped in rng.random(ROUNDS) < 0.5:
        yield from "baab" if swapped else "abba"


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
