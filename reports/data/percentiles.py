"""Nearest-rank percentiles whose ranks are computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from reports.data.columns import Floats

Quantile: TypeAlias = float | str | Fraction
"""A share from 0 to 1. A float stands for its shortest decimal form: 0.07 is 7/100."""


def compute_rank(quantile: Quantile, count: int) -> int:
    """The nearest rank of a percentile: its position, from 1, among `count` values in ascending order.

    It is the smallest whole number that is at least `quantile` × `count`, and at least 1. The product is
    exact; in floating point 0.07 × 100 is more than 7, which would select the next value. Raises ValueError
    if `count` is 0 or the quantile is not between 0 and 1.
    """
    share = _convert_exactly(quantile)
    if not 0 <= share <= 1 or count < 1:
        raise ValueError(f"there is no rank of quantile {quantile} among {count} values")
    return max(1, -(-share.numerator * count // share.denominator))


def compute_percentile(values: Floats, quantile: Quantile) -> float | None:
    """The nearest-rank percentile of `values`; None if there are none."""
    return compute_percentiles(values, (quantile,))[0] if len(values) else None


def compute_percentiles(
    values: Floats, quantiles: Sequence[Quantile], *, overwrite: bool = False
) -> tuple[float, ...]:
    """Several percentiles of at least one value; `overwrite` reorders `values` instead of a copy."""
    places = [compute_rank(quantile, len(values)) - 1 for quantile in quantiles]
    ordered = values if overwrite else values.copy()
    ordered.partition(sorted(set(places)))
    return tuple(ordered[places].tolist())


@lru_cache(maxsize=1024, typed=True)
def _convert_exactly(quantile: Quantile) -> Fraction:
    return quantile if isinstance(quantile, Fraction) else Fraction(str(quantile))
