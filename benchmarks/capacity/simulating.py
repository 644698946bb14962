"""Searches for the capacity of a simulated service: the search and the decisions are those of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.capacity.services import SimulatedService
from capacity.deciding import decide_trial
from capacity.search import CapacityBracket, CapacitySearch, SearchLimits, TrialResult
from reports.data.facts import Facts, Plan, Stage
from reports.data.labels import Labels
from reports.data.run import Run
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry

WARM_UP_S: Final = 3.0
LOOK_S: Final = 11.0
"""A look waits until each request that was due has been answered or has timed out."""
_NO_LABELS: Final = Labels(np.empty(0, np.int16), ())
_NO_TELEMETRY: Final = Telemetry(np.empty(0), _NO_LABELS, _NO_LABELS, np.empty(0))


@dataclass(frozen=True)
class SimulatedSearch:
    """A search: its bracket, its trials, and the seconds that they would have taken."""

    bracket: CapacityBracket
    trials: int
    seconds: float

    def covers(self, capacity_per_s: float) -> bool:
        """Whether the bracket holds the truth."""
        low, high = self.bracket.at_least or 0.0, self.bracket.less_than or np.inf
        return low <= capacity_per_s < high


def simulate_search(
    service: SimulatedService, limits: SearchLimits, start_per_s: float, trial_s: float, seed: int
) -> SimulatedSearch:
    """A search from a first rate with trials of at most `trial_s`, the same one for each seed."""
    rng = np.random.default_rng(seed)
    search, seconds = CapacitySearch(start_per_s, limits), 0.0
    while (trial := search.next_trial()) is not None:
        length_s = trial_s * trial.times
        run = simulate_trial(service, trial.rate_per_s, length_s, limits.trial_confidence, rng)
        decision = decide_trial(run, trial.rate_per_s)
        search.record(TrialResult(trial, decision.outcome, decision.reason))
        seconds += min(WARM_UP_S + length_s, decision.decided_s + LOOK_S)
    return SimulatedSearch(search.find_bracket(), len(search.results), seconds)


def simulate_trial(
    service: SimulatedService, rate_per_s: float, trial_s: float, confidence: float, rng: np.random.Generator
) -> Run:
    """The recorded run of a trial to its planned end, with Poisson arrivals, warm-up included."""
    end_s = WARM_UP_S + trial_s
    arrivals_s = np.sort(rng.uniform(0.0, end_s, rng.poisson(rate_per_s * end_s)))
    latency_ms, refused = service.answer(arrivals_s, rng)
    return Run(
        Path(),
        Facts(
            scenario="simulated",
            description="",
            model="open",
            host="",
            started_at="2026-01-05T10:00:00Z",
            stages=(Stage("warm-up", 0.0, WARM_UP_S, judged=False), Stage("trial", WARM_UP_S, end_s)),
            objectives=(service.objective,),
            plan=Plan((0.0, end_s), rate=(rate_per_s, rate_per_s), requests=rate_per_s * trial_s),
            planned_s=end_s,
            ended_s=end_s,
            early_end=True,
            confidence=confidence,
            offered=1.0,
        ),
        _make_samples(arrivals_s, latency_ms, refused),
        _NO_TELEMETRY,
    )


def _make_samples(arrivals_s: np.ndarray, latency_ms: np.ndarray, refused: np.ndarray) -> Samples:
    count = len(arrivals_s)
    nothing, ones = np.full(count, np.nan, np.float32), np.ones(count, np.uint32)
    label = np.zeros(count, np.int16)
    return Samples(
        intended_s=arrivals_s,
        sent_s=arrivals_s,
        latency_ms=latency_ms,
        service_ms=latency_ms,
        endpoint=Labels(label, ("work",)),
        stage=Labels((arrivals_s >= WARM_UP_S).astype(np.int16), ("warm-up", "trial")),
        outcome=Labels(refused.astype(np.int16), ("ok", "shed")),
        status=np.where(refused, 503, 200).astype(np.uint16),
        kind=Labels(label, ("realistic",)),
        rows=ones,
        request_bytes=ones,
        response_bytes=ones,
        queue_ms=nothing,
        inference_ms=nothing,
        batch_size=nothing,
        trace_id=np.full(count, None, np.object_),
        worker=np.zeros(count, np.uint16),
    )
