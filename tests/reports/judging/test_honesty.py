"""Honesty, by simulation: intervals hold the truth as often as they say, proofs err as seldom as they say.

Latencies are made of which every percentile is known: a stationary Gaussian process of a given
autocorrelation, turned into a skewed one, and the sojourn times of a queue.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal, stats

from reports.judging.anytime import is_broken_by_now, is_proven_by_now
from reports.judging.confidence import (
    compute_percentile_interval,
    compute_share_interval,
    prove,
)
from reports.judging.effective import mark_near_misses

Floats = NDArray[np.float64]
RUNS = 200
NOISE = 0.015
"""One standard error of a rate of 5 % that is counted in so many runs."""


def correlated(count: int, phi: float, rng: np.random.Generator) -> Floats:
    """Lognormal latencies whose neighbours resemble each other: exp of an AR(1) process of variance 1."""
    noise = rng.standard_normal(count) * np.sqrt(1 - phi**2)
    process, _ = signal.lfilter([1], [1, -phi], noise, zi=[phi * rng.standard_normal()])
    return np.exp(process)


def queued(count: int, load: float, rng: np.random.Generator) -> Floats:
    """Sojourn times in an M/M/1 queue (Lindley's recursion), exponential with mean 1 / (1 - load)."""
    skipped = 3_000
    gaps, services = rng.exponential(1 / load, count + skipped), rng.exponential(1.0, count + skipped)
    walk = np.concatenate(([0.0], np.cumsum(services[:-1] - gaps[1:])))
    return (walk - np.minimum.accumulate(walk) + services)[skipped:]


def truth(kind: str, parameter: float, q: float) -> float:
    """The percentile `q` of what the process draws from."""
    return float(np.exp(stats.norm.ppf(q))) if kind == "correlated" else -np.log(1 - q) / (1 - parameter)


PROCESSES = [
    ("correlated", 0.0, 1_000, 0.9),
    ("correlated", 0.5, 5_000, 0.99),
    ("correlated", 0.9, 5_000, 0.95),
    ("correlated", 0.9, 20_000, 0.99),
    ("correlated", 0.98, 20_000, 0.95),
    ("queued", 0.5, 20_000, 0.99),
]


def drawn(kind: str, parameter: float, count: int, seed: int) -> Floats:
    return {"correlated": correlated, "queued": queued}[kind](count, parameter, np.random.default_rng(seed))


def is_proven(values: Floats, q: float, limit: float, confidence: float = 0.95) -> bool:
    near = mark_near_misses(values, limit, 1 - q)
    return prove(values > limit, 1 - q, confidence, near).proven


@pytest.mark.parametrize(("kind", "parameter", "count", "q"), PROCESSES)
def test_intervals_hold_the_truth_about_as_often_as_they_say(
    kind: str, parameter: float, count: int, q: float
) -> None:
    """95 %, whatever the autocorrelation; neither much less nor by being needlessly wide."""
    limit = truth(kind, parameter, q)
    held = np.zeros(2)
    for seed in range(RUNS):
        values = drawn(kind, parameter, count, seed)
        low, high = compute_percentile_interval(values, q, 0.95) or (0.0, np.inf)
        below, above = compute_share_interval(values > limit, 0.95) or (0.0, 1.0)
        held += [low <= limit <= high, below <= 1 - q <= above]
    assert held.min() / RUNS >= 0.92
    assert held.max() / RUNS <= 0.995


@pytest.mark.parametrize(("kind", "parameter", "count", "q"), PROCESSES)
def test_a_limit_that_is_just_not_met_is_seldom_proven(
    kind: str, parameter: float, count: int, q: float
) -> None:
    """At most one in twenty times where the limit is the true percentile, the hardest case there is."""
    limit = truth(kind, parameter, q)
    proven = [is_proven(drawn(kind, parameter, count, seed), q, limit) for seed in range(RUNS)]
    assert np.mean(proven) <= 0.05 + NOISE


@pytest.mark.parametrize(("kind", "parameter", "count", "q"), PROCESSES)
def test_a_limit_that_is_just_met_is_seldom_called_broken(
    kind: str, parameter: float, count: int, q: float
) -> None:
    limit = truth(kind, parameter, q)
    seeds = range(RUNS)
    broken = [is_broken_by_now(drawn(kind, parameter, count, each) > limit, 1 - q, 0.95) for each in seeds]
    assert np.mean(broken) <= 0.05 + NOISE


def test_a_limit_that_is_well_met_is_proven() -> None:
    """Caution isn't blindness: at twice the true p95, 5,000 correlated requests nearly always prove it."""
    limit = 2 * truth("correlated", 0.9, 0.95)
    proven = [is_proven(drawn("correlated", 0.9, 5_000, seed), 0.95, limit) for seed in range(50)]
    assert np.mean(proven) >= 0.95


@pytest.mark.parametrize("phi", [0.0, 0.9])
def test_looking_often_proves_no_more_than_promised(phi: float) -> None:
    """Stopping at the first look that pleases errs far too often by the rule for a single look."""
    limit, count = truth("correlated", phi, 0.95), 4_000
    careful = careless = 0
    for seed in range(RUNS):
        values = drawn("correlated", phi, count, seed)
        parts = [values[:end] for end in range(count // 10, count + 1, count // 10)]
        careful += any(
            is_proven_by_now(part > limit, 0.05, 0.95, mark_near_misses(part, limit, 0.05)) for part in parts
        )
        if phi == 0.0:
            careless += any(is_proven(part, 0.95, limit) for part in parts)
    assert careful / RUNS <= 0.05 + NOISE
    if phi == 0.0:
        assert careless / RUNS > 0.1, "the simulation would show it"
