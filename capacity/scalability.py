"""The Universal Scalability Law, fitted to throughput at several concurrencies.

X(N) = λN / (1 + σ(N - 1) + κN(N - 1)): λ is the throughput of one alone, σ the share of the work that can't
overlap (contention), κ what keeping each other informed costs (coherency). Source: Gunther, "Guerrilla
Capacity Planning" (2007), chapter 4. With κ > 0 throughput has a peak at N = √((1 - σ)/κ).

N/X(N) is linear in 1/λ, σ/λ and κ/λ, none of which may be negative. The fit is by weighted least squares,
with the weights that make residuals of N/X those of X, taken again from the fit until they settle. The
intervals come from a bootstrap of the residuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_POINTS: Final = 4
RESAMPLES: Final = 199
ROUNDS: Final = 20


@dataclass(frozen=True)
class ScalabilityFit:
    """The parameters with their intervals, what the fit says at each concurrency, and what is left over.

    `single_per_s` is λ, `contention` σ, `coherency` κ; `residuals` are shares of the measured throughput.
    """

    single_per_s: float
    contention: float
    coherency: float
    intervals: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    confidence: float
    residuals: tuple[float, ...]

    def compute_throughput(self, concurrency: Sequence[float] | Floats) -> Floats:
        """Requests a second at each concurrency."""
        n = np.asarray(concurrency, dtype=float)
        return _compute(n, self.single_per_s, self.contention, self.coherency)

    @property
    def peak_concurrency(self) -> float | None:
        """Where throughput is highest; None if more concurrency always brings more."""
        if self.coherency == 0 or self.contention >= 1:
            return None
        return float(np.sqrt((1 - self.contention) / self.coherency))


def fit_scalability(
    concurrency: Sequence[float], throughput_per_s: Sequence[float], confidence: float = 0.95, seed: int = 1
) -> ScalabilityFit:
    """The law that fits best; ValueError if there are too few points for its parameters and their errors."""
    n, x = np.asarray(concurrency, dtype=float), np.asarray(throughput_per_s, dtype=float)
    if len(set(n.tolist())) < LEAST_POINTS:
        raise ValueError(f"{len(set(n.tolist()))} concurrencies: the law takes at least {LEAST_POINTS}")
    if n.min() < 1 or x.min() <= 0:
        raise ValueError("expected concurrencies of one or more, and throughput above zero")
    single, contention, coherency = _fit(n, x)
    fitted = _compute(n, single, contention, coherency)
    residuals = x / fitted - 1
    scaled = residuals * np.sqrt(len(n) / (len(n) - 3))
    random = np.random.default_rng(seed)
    again = np.array(
        [
            _fit(n, np.maximum(fitted * (1 + random.choice(scaled, len(n))), fitted * 1e-3))
            for _ in range(RESAMPLES)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(again, [tail, 1 - tail], axis=0)
    first, second, third = zip(low.tolist(), high.tolist(), strict=True)
    return ScalabilityFit(
        single, contention, coherency, (first, second, third), confidence, tuple(residuals.tolist())
    )


def _compute(n: Floats, single: float, contention: float, coherency: float) -> Floats:
    throughput: Floats = single * n / (1 + contention * (n - 1) + coherency * n * (n - 1))
    return throughput


def _fit(n: Floats, x: Floats) -> tuple[float, float, float]:
    terms = np.column_stack([np.ones_like(n), n - 1, n * (n - 1)])
    wanted, fitted = n / x, x
    for _ in range(ROUNDS):
        found = _solve_not_negative(terms, wanted, fitted**2 / n)
        settled = np.allclose(fitted, n / (terms @ found), rtol=1e-10)
        fitted = n / (terms @ found)
        if settled:
            break
    inverse, contention, coherency = found.tolist()
    return 1 / inverse, contention / inverse, coherency / inverse


def _solve_not_negative(terms: Floats, wanted: Floats, weights: Floats) -> Floats:
    """The best coefficients of which none is negative, and the first is above zero: one of four subsets."""
    best, least = np.zeros(terms.shape[1]), np.inf
    others = range(1, terms.shape[1])
    for count in range(terms.shape[1]):
        for chosen in combinations(others, count):
            columns = [0, *chosen]
            found, *_ = np.linalg.lstsq(terms[:, columns] * weights[:, None], wanted * weights, rcond=None)
            error = float(np.sum(((terms[:, columns] @ found - wanted) * weights) ** 2))
            if found[0] > 0 and (found[1:] >= 0).all() and error < least:
                best, least = np.zeros(terms.shape[1]), error
                best[columns] = found
    return best
