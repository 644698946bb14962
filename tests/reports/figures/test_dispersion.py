"""The index of dispersion of counts, against processes for which it is known."""

from __future__ import annotations

import numpy as np
import pytest

from reports.figures.dispersion import compute_dispersion, compute_dispersions

CHANCE = np.random.default_rng(5)


def test_even_gaps_have_none() -> None:
    assert compute_dispersion(np.arange(0, 100, 0.1) + 0.05, 0, 100, 1.0) == 0


def test_a_poisson_process_has_one() -> None:
    times = np.sort(CHANCE.uniform(0, 10_000, 100_000))
    assert compute_dispersion(times, 0, 10_000, 1.0) == pytest.approx(1, abs=0.08)


def test_arrivals_in_batches_have_the_size_of_the_batches() -> None:
    """Of a Poisson process of batches of n, within windows much longer than a batch."""
    times = np.repeat(np.sort(CHANCE.uniform(0, 10_000, 20_000)), 5)
    assert compute_dispersion(times, 0, 10_000, 1.0) == pytest.approx(5, rel=0.08)


def test_a_changing_rate_raises_it_in_long_windows() -> None:
    times = np.concatenate([np.arange(0, 50, 1.0), np.arange(50, 100, 0.1)])
    found = compute_dispersion(times, 0, 100, 1.0)
    assert found is not None
    assert found > 3


def test_arrivals_outside_are_not_counted_and_the_last_part_window_neither() -> None:
    times = np.concatenate([[-5.0], np.arange(0.5, 20, 1.0), np.full(9, 20.2)])
    assert compute_dispersion(times, 0, 20.5, 1.0) == 0


def test_few_windows_say_nothing() -> None:
    assert compute_dispersion(np.arange(19.0), 0, 19.5, 1.0) is None
    assert compute_dispersion(np.array([]), 0, 100, 1.0) is None
    assert set(compute_dispersions(np.arange(0, 30, 0.3), 30.0)) == {"0.1", "1"}
