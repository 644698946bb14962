"""The block bootstrap widens what bursts make uncertain and leaves independent requests alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from reports.judging.bootstrap import (
    BINS,
    REPLICATES,
    SEED,
    Bins,
    Dependence,
    choose_block_length,
    count_in_bins,
    measure_dependence,
    resample_shares,
)


def autoregressive(count: int, phi: float, seed: int = 7) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(size=count)
    series = np.zeros(count)
    for i in range(1, count):
        series[i] = phi * series[i - 1] + noise[i]
    return series


def test_bins_lose_no_hit_and_differ_in_size_by_one_at_most() -> None:
    series = np.random.default_rng(1).random(123_457) < 0.1
    bins = count_in_bins(series)
    assert len(bins.hits) == BINS
    assert bins.hits.sum() == np.count_nonzero(series)
    assert bins.sizes.sum() == len(series)
    assert np.ptp(bins.sizes) <= 1


def test_a_short_series_has_a_bin_for_each() -> None:
    bins = count_in_bins(np.array([True, False, True]))
    assert (bins.hits.tolist(), bins.sizes.tolist()) == ([1, 0, 1], [1, 1, 1])


@pytest.mark.parametrize("series", [np.zeros(500), np.ones(500), np.array([1.0]), np.array([0.0, 1.0])])
def test_what_never_varies_or_is_too_short_has_no_blocks(
    series: NDArray[np.float64],
) -> None:
    assert choose_block_length(series) == 1


def test_independent_values_need_no_blocks() -> None:
    lengths = [choose_block_length(np.random.default_rng(seed).random(1000)) for seed in range(20)]
    assert np.median(lengths) == 1


@pytest.mark.parametrize("count", [2_000, 2_357])
def test_each_resample_is_the_share_of_hits_in_its_blocks(count: int) -> None:
    """As if drawn anew for each series, whether its bins are of one size or of two."""
    bins, length = count_in_bins(np.random.default_rng(5).random(count) < 0.1), 7
    first = np.random.default_rng(SEED).integers(0, BINS, size=(REPLICATES, -(-BINS // length)))
    drawn = (first[:, :, None] + np.arange(length)) % BINS
    shares = bins.hits[drawn].sum(axis=(1, 2)) / bins.sizes[drawn].sum(axis=(1, 2))
    assert resample_shares(bins, length).tolist() == shares.tolist()


def test_the_stronger_neighbours_resemble_each_other_the_longer_the_blocks() -> None:
    lengths = [choose_block_length(autoregressive(2000, phi)) for phi in (0.3, 0.6, 0.9)]
    assert lengths == sorted(lengths)
    assert lengths[0] > 1
    assert len(set(lengths)) == 3


def test_the_length_for_a_known_process_is_the_optimum_on_average() -> None:
    """For an AR(1) process the optimum is (2 G² / D)^(1/3) n^(1/3), G and D known from phi: here 22."""
    phi, count = 0.5, 4000
    spectrum = 1 / (1 - phi) ** 2
    bias = 2 * phi / ((1 - phi) ** 2 * (1 - phi**2))
    optimum = (2 * bias**2 / (4 / 3 * spectrum**2)) ** (1 / 3) * count ** (1 / 3)
    lengths = [choose_block_length(autoregressive(count, phi, seed)) for seed in range(20)]
    assert np.mean(lengths) == pytest.approx(optimum, rel=0.08)


def test_resamples_spread_as_a_share_of_independent_trials_does() -> None:
    series = np.random.default_rng(3).random(5000) < 0.2
    shares = resample_shares(count_in_bins(series), 1)
    assert shares.mean() == pytest.approx(series.mean(), abs=0.001)
    assert shares.std() == pytest.approx(np.sqrt(0.2 * 0.8 / 5000), rel=0.1)


def test_bursts_spread_resamples_wider() -> None:
    """A burst of a hundred slow requests is one piece of evidence, not a hundred."""
    bins = count_in_bins(autoregressive(10_000, 0.99) > 5.0)
    length = choose_block_length(bins.hits / bins.sizes)
    assert length > 1
    assert resample_shares(bins, length).std() > 1.5 * resample_shares(bins, 1).std()


def test_a_block_runs_round_the_end() -> None:
    """A block as long as the series is the series, wherever it starts."""
    bins = Bins(np.array([3, 0, 0, 1]), np.array([5, 5, 5, 5]))
    assert set(resample_shares(bins, 4).tolist()) == {0.2}


def test_a_run_judged_again_is_resampled_alike() -> None:
    bins = count_in_bins(np.random.default_rng(5).random(999) < 0.1)
    assert np.array_equal(resample_shares(bins, 3), resample_shares(bins, 3))


def test_independent_requests_are_nearly_always_worth_what_they_are() -> None:
    """No widening where there is nothing to widen for, but for the one in twenty that looks like bursts."""
    found = [
        measure_dependence(np.random.default_rng(seed).random(20_000) < 0.05, 0.95) for seed in range(100)
    ]
    effects = np.array([one.effect for one in found])
    assert np.mean(effects == 1.0) >= 0.9
    assert effects.max() < 2.0
    assert Dependence(1.0, 1000.0).compute_effective_samples(20_000) == 20_000.0


@pytest.mark.parametrize("none", [np.zeros(50, dtype=bool), np.ones(50, dtype=bool)])
def test_what_never_or_always_happened_tells_nothing_of_bursts(none: NDArray[np.bool_]) -> None:
    assert measure_dependence(none, 0.95) == Dependence(1.0, int(none.sum()))


@pytest.mark.parametrize("length", [5, 20, 100])
def test_a_burst_counts_about_as_one_event(length: int) -> None:
    """Bursts of equal length at random: the design effect is that length, the bursts are their number."""
    rng = np.random.default_rng(length)
    bursts = rng.random(200_000 // length) < 0.05
    found = measure_dependence(np.repeat(bursts, length), 0.95)
    assert found.effect == pytest.approx(length, rel=0.35)
    assert found.bursts == pytest.approx(bursts.sum(), rel=0.35)
    assert found.compute_effective_samples(200_000) < 200_000 / found.effect, (
        "the effect itself is known to a degree only"
    )


def test_bursts_shorter_than_a_bin_are_seen_too() -> None:
    """In 200,000 requests a bin holds 200; bursts of five leave no trace between bins."""
    series = np.repeat(np.random.default_rng(1).random(40_000) < 0.05, 5)
    bins = count_in_bins(series)
    assert choose_block_length(bins.hits / bins.sizes) == 1
    assert measure_dependence(series, 0.95).effect > 3


def test_few_bursts_make_it_more_careful() -> None:
    assert Dependence(10.0, 2.0).compute_effective_samples(10_000) == pytest.approx(500)
    assert Dependence(10.0, 200.0).compute_effective_samples(10_000) == pytest.approx(10_000 / 11)


def test_two_views_of_the_same_requests_are_joined() -> None:
    """The greater effect counts; the view with more bursts knows it better."""
    assert Dependence(2.0, 5.0) | Dependence(8.0, 40.0) == Dependence(8.0, 40.0)
    assert Dependence(8.0, 5.0) | Dependence(2.0, 40.0) == Dependence(8.0, 40.0)


@pytest.mark.parametrize("count", [2, 3, 4, 6, 7, 13])
@pytest.mark.parametrize("confidence", [0.5, 0.75, 0.999])
def test_short_series_have_an_effective_size_too(count: int, confidence: float) -> None:
    for seed in range(20):
        series = np.random.default_rng(seed).random(count) < 0.5
        assert 0 < measure_dependence(series, confidence).compute_effective_samples(count) <= count
