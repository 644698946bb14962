"""Recorded arrivals: sent when they came, faster, thinner or denser, with the bursts that they had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapes.composition import Floats
from shapes.recorded import Recorded

gaps = st.lists(st.floats(0, 5, allow_subnormal=False), min_size=1, max_size=60).filter(
    lambda found: sum(found) > 0.01
)
recordings = gaps.map(lambda found: Recorded(np.cumsum([0.0, *found])))
factors = st.floats(0.1, 5)


def generate(
    profile: Recorded, seed: int = 1, worker: int = 0, workers: int = 1, chunk: int = 4096
) -> Floats:
    parts = profile.generate_times(seed=seed, worker=worker, workers=workers, chunk=chunk)
    return np.concatenate([np.empty(0), *parts])


def compute_dispersion(times_s: Floats, duration_s: float, window_s: float) -> float:
    counts = np.histogram(times_s, np.arange(0.0, duration_s, window_s))[0]
    return float(counts.var() / counts.mean())


@pytest.fixture(scope="module")
def bursty() -> Recorded:
    """Two thousand seconds with a burst of ten requests within 0.2 s in every fifth of them, on average."""
    chance = np.random.default_rng(7)
    starts = np.sort(chance.uniform(0, 2_000, 400))
    times = np.sort((starts[:, None] + chance.uniform(0, 0.2, (400, 10))).ravel())
    return Recorded(times - times[0])


def test_arrivals_are_sent_when_they_came() -> None:
    times = np.array([0.0, 0.5, 0.5, 3.0])
    assert generate(Recorded(times)).tolist() == times.tolist()
    assert generate(Recorded(times, speed=2)).tolist() == [0.0, 0.25, 0.25, 1.5]
    assert Recorded(times, speed=2).duration_s == pytest.approx(2.0)  # and a mean gap, half a second


@given(recording=recordings, workers=st.integers(1, 5), scale=factors, speed=factors, seed=st.integers(0, 9))
def test_the_workers_parts_are_what_one_alone_would_send(
    recording: Recorded, workers: int, scale: float, speed: float, seed: int
) -> None:
    profile = Recorded(recording.times_s, speed, scale)
    parts = [generate(profile, seed, worker, workers) for worker in range(workers)]
    whole = generate(profile, seed)
    assert np.sort(np.concatenate(parts)).tolist() == whole.tolist()
    assert all(np.all(np.diff(part) >= 0) for part in [*parts, whole])
    assert np.all((whole >= 0) & (whole < profile.duration_s))
    assert generate(profile, seed, chunk=3).tolist() == whole.tolist()


def test_arrival_i_belongs_to_worker_i_modulo_the_workers() -> None:
    times = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert generate(Recorded(times), worker=1, workers=2).tolist() == [1.0, 3.0]


@given(recording=recordings, whole=st.integers(1, 4))
def test_a_whole_scale_sends_every_arrival_so_many_times(recording: Recorded, whole: int) -> None:
    assert len(generate(Recorded(recording.times_s, scale=whole))) == whole * len(recording.times_s)


@given(recording=recordings, scale=factors, speed=factors)
def test_the_plan_has_as_many_arrivals_as_are_expected(
    recording: Recorded, scale: float, speed: float
) -> None:
    profile = Recorded(recording.times_s, speed, scale)
    assert profile.total_area == pytest.approx(scale * len(recording.times_s))
    middles = profile._edges_s[:-1] + profile._edges_s[1] / 2
    assert profile.compute_levels(middles).max() == pytest.approx(profile.peak)
    areas = np.linspace(0, profile.total_area, 50)
    assert profile.compute_areas(profile.find_times(areas)) == pytest.approx(areas, abs=1e-6)


@given(recording=recordings)
def test_the_plan_is_exact_at_the_edges_of_its_bins(recording: Recorded) -> None:
    edges = recording._edges_s
    found = [np.count_nonzero(recording.times_s < edge) for edge in edges]
    assert recording.compute_areas(edges) == pytest.approx(found)


def test_thinning_keeps_each_with_the_same_probability_and_the_bursts(bursty: Recorded) -> None:
    """The index of dispersion I becomes 1 + p (I - 1)."""
    thinned = Recorded(bursty.times_s, scale=0.5)
    kept = generate(thinned)
    assert abs(len(kept) - 2_000) < 4 * np.sqrt(4_000 * 0.25)
    assert set(kept) < set(bursty.times_s)
    whole = compute_dispersion(bursty.times_s, bursty.duration_s, 1.0)
    assert whole > 5
    half = compute_dispersion(kept, bursty.duration_s, 1.0)
    assert half == pytest.approx(1 + (whole - 1) / 2, rel=0.1)
    assert generate(thinned, seed=2).tolist() != kept.tolist()


def test_superposition_keeps_the_index_of_dispersion(bursty: Recorded) -> None:
    """Each arrival sent three times would triple it, arrivals at the same rate would make it 1."""
    denser = generate(Recorded(bursty.times_s, scale=3))
    whole = compute_dispersion(bursty.times_s, bursty.duration_s, 1.0)
    assert compute_dispersion(denser, bursty.duration_s, 1.0) == pytest.approx(whole, rel=0.25)


def test_a_shorter_run_has_the_same_levels(bursty: Recorded) -> None:
    short = bursty.scale_time(0.1)
    assert short.duration_s == pytest.approx(bursty.duration_s / 10)
    assert short.total_area == pytest.approx(bursty.total_area / 10)
    assert bursty.scale_levels(2).total_area == pytest.approx(2 * bursty.total_area)


@pytest.mark.parametrize("times", [[], [0.0], [0.0, 0.0]])
def test_arrivals_at_one_moment_are_refused(times: list[float]) -> None:
    with pytest.raises(ValueError, match="at one moment"):
        Recorded(np.array(times))
