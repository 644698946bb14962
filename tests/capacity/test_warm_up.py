"""MSER-5 finds where a series becomes steady, and says when it doesn't."""

from __future__ import annotations

import numpy as np
import pytest

from capacity.warm_up import find_warm_up

NOISE = np.random.default_rng(3).standard_normal(1000)


def test_a_slow_start_is_cut_off() -> None:
    values = 10 + NOISE
    values[:100] += np.linspace(30, 5, 100)
    assert 90 <= (find_warm_up(values) or 0) <= 130


def test_of_a_steady_series_little_is_cut() -> None:
    assert (find_warm_up(10 + NOISE) or 0) <= 100


def test_a_series_that_grows_throughout_is_not_steady() -> None:
    assert find_warm_up(np.linspace(0, 100, 1000) + NOISE) is None


def test_too_few_values_are_refused() -> None:
    with pytest.raises(ValueError, match="49 values"):
        find_warm_up(NOISE[:49])
