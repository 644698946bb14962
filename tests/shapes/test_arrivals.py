"""Arrivals: how many, in what order, how spaced, how shared; the same however they are asked for."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, poisson

from shapes.arrivals import SPACINGS, Spacing, generate_arrivals
from shapes.composition import Floats, Profile
from shapes.profiles import Constant, Ramp, Wave
from shapes.sequences import Spike, Steps

VARIED = Ramp(0, 60, 10) + Steps((20, 0, 35), 4) + Wave(30, 30, 6, 15) + Spike(5, 80, 1, 2, 1, 8)

profiles = st.one_of(
    st.builds(Constant, st.integers(0, 200), st.floats(0.1, 20)),
    st.builds(Ramp, st.integers(0, 200), st.integers(0, 200), st.floats(0.1, 20)),
    st.builds(Wave, st.just(50), st.integers(0, 50), st.floats(0.5, 20), st.floats(0.1, 20)),
    st.just(VARIED),
)


def every(profile: Profile, spacing: Spacing, **options: Any) -> Floats:
    """All arrivals in one array."""
    return np.concatenate([np.empty(0), *generate_arrivals(profile, spacing, **{"seed": 1, **options})])


@given(profiles, st.sampled_from(SPACINGS), st.integers(0, 2**32))
def test_arrivals_ascend_and_lie_within_the_profile(profile: Profile, spacing: Spacing, seed: int) -> None:
    times = every(profile, spacing, seed=seed)
    assert np.all(np.diff(times) >= 0)
    assert np.all((times >= 0) & (times < profile.duration_s))


@given(profiles)
def test_constant_spacing_gives_the_area_to_the_nearest_whole_number(profile: Profile) -> None:
    assert abs(every(profile, "constant").size - profile.total_area) <= 0.5 + 1e-6


def test_constant_spacing_on_a_constant_rate_is_even_and_starts_half_a_gap_in() -> None:
    assert every(Constant(10, 0.5), "constant").tolist() == pytest.approx([0.05, 0.15, 0.25, 0.35, 0.45])


def test_every_stage_holds_its_own_area_of_constant_arrivals() -> None:
    """Also where stage edges are no round numbers in binary."""
    counts, _ = np.histogram(every(Steps((10, 30, 70, 10), 0.1), "constant"), np.arange(5) * 0.1)
    assert counts.tolist() == [1, 3, 7, 1]


@given(profiles, st.sampled_from(SPACINGS), st.integers(1, 100))
def test_how_often_it_is_asked_changes_no_arrival(profile: Profile, spacing: Spacing, chunk: int) -> None:
    assert every(profile, spacing, chunk=chunk).tobytes() == every(profile, spacing).tobytes()


@given(profiles, st.integers(1, 7))
def test_constant_workers_together_are_one_workers_arrivals(profile: Profile, workers: int) -> None:
    parts = [every(profile, "constant", worker=worker, workers=workers) for worker in range(workers)]
    assert np.sort(np.concatenate(parts)) == pytest.approx(every(profile, "constant"), abs=1e-9)
    sizes = [part.size for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_seeds_decide_poisson_arrivals_and_nothing_else() -> None:
    assert every(VARIED, "poisson", seed=7).tobytes() == every(VARIED, "poisson", seed=7).tobytes()
    assert every(VARIED, "poisson", seed=7)[:5].tolist() != every(VARIED, "poisson", seed=8)[:5].tolist()
    assert every(VARIED, "constant", seed=7).tobytes() == every(VARIED, "constant", seed=8).tobytes()


def test_poisson_counts_have_the_mean_and_the_variance_of_the_area() -> None:
    counts = [every(VARIED, "poisson", seed=seed).size for seed in range(400)]
    assert np.mean(counts) == pytest.approx(VARIED.total_area, rel=0.01)
    assert np.var(counts) == pytest.approx(VARIED.total_area, rel=0.25)


def test_poisson_counts_in_a_stage_follow_the_poisson_law() -> None:
    """The dispersion index over 600 slices of equal area is that of a Poisson variable."""
    areas = VARIED.compute_areas(np.concatenate([every(VARIED, "poisson", seed=seed) for seed in range(20)]))
    counts, _ = np.histogram(areas, np.linspace(0, VARIED.total_area, 601))
    mean = 20 * VARIED.total_area / 600
    assert poisson.ppf(1e-6, mean) <= counts.min()
    assert counts.max() <= poisson.ppf(1 - 1e-6, mean)
    assert counts.var() == pytest.approx(mean, rel=0.2)


@pytest.mark.parametrize("workers", [1, 3])
def test_gaps_of_superposed_workers_are_exponential(workers: int) -> None:
    """Kolmogorov–Smirnov on the rescaled gaps: a Poisson process of unit rate for any number of workers."""
    rate = Wave(400, 400, 7, 50)
    parts = [every(rate, "poisson", seed=3, worker=worker, workers=workers) for worker in range(workers)]
    gaps = np.diff(rate.compute_areas(np.sort(np.concatenate(parts))), prepend=0.0)
    assert gaps.size > 15_000
    assert kstest(gaps, "expon").pvalue > 0.01


def test_gaps_of_one_worker_are_exponential_at_its_part_of_the_rate() -> None:
    gaps = np.diff(every(Constant(300, 100), "poisson", seed=5, worker=1, workers=3), prepend=0.0)
    assert kstest(gaps * 100, "expon").pvalue > 0.01


def test_poisson_workers_are_independent_of_each_other() -> None:
    first, second = (every(Constant(200, 50), "poisson", worker=worker, workers=2) for worker in (0, 1))
    slices = np.arange(501) * 0.1
    correlation = np.corrcoef(np.histogram(first, slices)[0], np.histogram(second, slices)[0])[0, 1]
    assert abs(correlation) < 0.15


def test_an_endless_profile_keeps_arriving() -> None:
    chunks = islice(generate_arrivals(Constant(10, math.inf), "poisson", seed=1, chunk=100), 50)
    times = np.concatenate(list(chunks))
    assert times.size == 5000
    assert times[-1] == pytest.approx(500, rel=0.1)


def test_chunks_bound_the_memory() -> None:
    assert {part.size for part in islice(generate_arrivals(Constant(1e6, 1e6), "constant", seed=1), 3)} == {
        4096
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing": "even"}, "spacing is 'even': expected one of constant, poisson"),
        ({"worker": 2, "workers": 2}, "worker is 2 of 2: expected 0 <= worker < workers"),
        ({"worker": -1}, "worker is -1 of 1: expected 0 <= worker < workers"),
        ({"chunk": 0}, "chunk is 0: expected at least 1"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(options: dict[str, Any], message: str) -> None:
    """Not at the first arrival, when the run has begun."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the whole message is compared)
        generate_arrivals(**{"profile": Constant(1, 1), "spacing": "constant", "seed": 1, **options})
    assert str(refused.value) == message
