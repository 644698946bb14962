"""Makes records like those of a table: the same distribution in each column, the same rank correlations.

The correlations are those of a Gaussian copula (Nelsen, An Introduction to Copulas, 2006, 2.9): each column's
ranks become normal scores, new rows are drawn from the multivariate normal distribution with their
correlation, and each score is turned into a value of its column by the column's empirical quantile.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reports.data.columns import Floats

DRAWN: Final = 1_000
"""Rows drawn at once."""
LEAST_ROWS: Final = 2
WRONG: Final = {"unexpected": True}
_normal: Final = NormalDist()


class SimilarRecords:
    """Draws records like `records`, which are mappings with the same names; ValueError for others."""

    def __init__(self, records: Sequence[Any], chance: random.Random) -> None:
        if len(records) < LEAST_ROWS or not all(isinstance(each, dict) for each in records):
            raise ValueError(
                f"a table with at least {LEAST_ROWS} rows is needed to make records like its own"
            )
        self._chance = chance
        self._generator = np.random.default_rng(chance.randrange(2**63))
        self._names = list(records[0])
        self._columns = [_sort([record[name] for record in records]) for name in self._names]
        scores = np.array([_score([record[name] for record in records]) for name in self._names])
        self._root = _find_root(scores)

    def generate(self, kind: str) -> Iterator[dict[str, Any]]:
        """An endless stream of records of one kind."""
        while True:
            shares = self._draw_shares()
            for row in range(DRAWN):
                record = {
                    name: column[min(int(shares[place, row] * len(column)), len(column) - 1)]
                    for place, (name, column) in enumerate(zip(self._names, self._columns, strict=True))
                }
                yield self._change(record, kind)

    def _draw_shares(self) -> Floats:
        """Correlated shares from 0 to 1: a row a column of the table."""
        scores = self._root @ self._generator.standard_normal((len(self._names), DRAWN))
        shares: Floats = np.vectorize(_normal.cdf)(scores)
        return shares

    def _change(self, record: dict[str, Any], kind: str) -> dict[str, Any]:
        if kind == "boundary":
            return {
                name: self._chance.choice((column[0], column[-1]))
                for name, column in zip(self._names, self._columns, strict=True)
            }
        if kind == "invalid":
            name = self._chance.choice(self._names)
            if self._chance.random() < 0.5:
                return {key: value for key, value in record.items() if key != name}
            return record | {name: WRONG}
        return record


def _order(value: Any) -> tuple[int, float, str]:
    """Absent values first, then numbers by size, then texts."""
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, int | float):
        return 1, float(value), ""
    return 2, 0.0, str(value)


def _sort(values: Sequence[Any]) -> list[Any]:
    return sorted(values, key=_order)


def _score(values: Sequence[Any]) -> Floats:
    """Normal scores of the values' ranks; equal values share the mean of their ranks."""
    keys = [_order(value) for value in values]
    places: dict[tuple[int, float, str], list[int]] = {}
    for place, index in enumerate(sorted(range(len(keys)), key=keys.__getitem__)):
        places.setdefault(keys[index], []).append(place)
    rank = {key: sum(found) / len(found) for key, found in places.items()}
    return np.array([_normal.inv_cdf((rank[key] + 0.5) / len(keys)) for key in keys])


def _find_root(scores: NDArray[np.float64]) -> Floats:
    """A matrix R whose R Rᵀ is the correlation of the rows of `scores`; constant rows are uncorrelated."""
    spread = scores.std(axis=1)
    correlation = np.eye(len(scores))
    varied = np.flatnonzero(spread > 0)
    if len(varied) > 1:
        correlation[np.ix_(varied, varied)] = np.corrcoef(scores[varied])
    values, vectors = np.linalg.eigh(correlation)
    root: Floats = vectors * np.sqrt(np.clip(values, 0.0, None))
    return root
