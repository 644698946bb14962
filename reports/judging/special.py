"""Computes the beta distribution and what follows from it: binomial probabilities, quantiles of Student's t.

The regularised incomplete beta function I(x; a, b) is the probability that a beta variable is at most x (NIST
Digital Library of Mathematical Functions, DLMF, 8.17). Its leading factor x^a (1-x)^b / B(a, b) comes from
deviances and Stirling's series, so that nothing cancels when a and b are large (Loader, "Fast and Accurate
Computation of Binomial Probabilities", 2000). What remains is the continued fraction of Didonato and Morris
(ACM Transactions on Mathematical Software 18, 1992, algorithm 708), evaluated by the modified Lentz method
(Press et al., "Numerical Recipes", 2007, section 5.2). If both parameters are large, the fraction converges
slowly, and the integral is computed by Gauss-Legendre quadrature instead (section 6.4).

Relative errors are below 1e-10. scipy.special gives the same, and would need 143 MB wherever runs are judged.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Final

import numpy as np

from reports.data.columns import Floats

QUADRATURE_FROM: Final = 100.0
"""The smaller parameter from which quadrature is used."""
NODES: Final = 96
NEGLIGIBLE: Final = -45.0
"""The logarithm of a factor that no longer changes a sum."""
TINY: Final = 1e-300
PRECISION: Final = 1e-15
MOST_TERMS: Final = 1_000
MOST_STEPS: Final = 200
LOWEST_LOGIT: Final = -700.0
"""Of a quantile that is 0 for all purposes: the floating-point numbers end near."""


def compute_beta_cdf(a: float, b: float, x: float) -> float:
    """I(x; a, b), for positive `a` and `b`."""
    _require_positive(a, b)
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    return math.exp(_compute_log_cdf(a, b, x, 1.0 - x))


def compute_log_beta_cdf(a: float, b: float, x: float) -> float:
    """The logarithm of I(x; a, b), also where that is too small for a float; 0 < x < 1."""
    _require_positive(a, b)
    return _compute_log_cdf(a, b, x, 1.0 - x)


def invert_beta_cdf(a: float, b: float, probability: float) -> float:
    """The x at which I(x; a, b) is `probability`."""
    _require_positive(a, b)
    _require_probability(probability)
    if probability in (0.0, 1.0):
        return probability
    return _split_logit(_find_logit(a, b, probability))[0]


def compute_binomial_cdf(hits: int, trials: int, share: float) -> float:
    """P(B <= hits) for B ~ Binomial(trials, share); 0 <= hits < trials (DLMF 8.17.5)."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 else 0.0
    return math.exp(_compute_log_cdf(trials - hits, hits + 1, 1.0 - share, share))


def compute_binomial_tail(hits: int, trials: int, share: float) -> float:
    """P(B > hits) for B ~ Binomial(trials, share); 0 <= hits < trials (DLMF 8.17.5)."""
    return compute_beta_cdf(hits + 1, trials - hits, share)


@lru_cache(maxsize=256)
def invert_student_cdf(degrees: float, probability: float) -> float:
    """The quantile of Student's t distribution with so many degrees of freedom, for 0 < probability < 1.

    P(T > t) is I(degrees / (degrees + t^2); degrees / 2, 1/2) / 2 for t > 0 (Abramowitz and Stegun 26.7.1).
    """
    _require_probability(probability)
    if probability == 0.5:
        return 0.0
    outside = 2.0 * min(probability, 1.0 - probability)
    t = math.sqrt(degrees * math.exp(-_find_logit(degrees / 2.0, 0.5, outside)))
    return t if probability > 0.5 else -t


def _require_positive(a: float, b: float) -> None:
    if not (0.0 < a < math.inf and 0.0 < b < math.inf):
        raise ValueError(f"the parameters of a beta distribution are finite and above 0, not {a} and {b}")


def _require_probability(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability is between 0 and 1, not {probability}")


def _find_logit(a: float, b: float, probability: float) -> float:
    """log(x / (1 - x)) of the quantile x of the beta distribution.

    Newton's method for the logarithm of I as a function of the logit. That function is concave, because the
    density of the logit is log-concave, so that the steps approach the solution from below without a bracket.
    """
    if probability > 0.5:
        return -_find_logit(b, a, 1.0 - probability)
    target, logit = math.log(probability), math.log(a) - math.log(b)
    for _ in range(MOST_STEPS):
        x, y = _split_logit(logit)
        log_cdf = _compute_log_cdf(a, b, x, y)
        step = (target - log_cdf) / math.exp(_compute_log_factor(a, b, x, y) - log_cdf)
        logit += step
        if logit < LOWEST_LOGIT or abs(step) <= PRECISION * max(1.0, abs(logit)):
            break
    return max(logit, LOWEST_LOGIT)


def _split_logit(logit: float) -> tuple[float, float]:
    """Both x and 1 - x, each with full precision."""
    odds = math.exp(-abs(logit))
    less, more = odds / (1.0 + odds), 1.0 / (1.0 + odds)
    return (less, more) if logit < 0.0 else (more, less)


def _compute_log_cdf(a: float, b: float, x: float, y: float) -> float:
    """The logarithm of I(x; a, b), y = 1 - x: the smaller tail is computed, the other follows."""
    if x * (b + 1.0) > y * (a + 1.0):
        return math.log1p(-math.exp(_compute_log_lower_tail(b, a, y, x)))
    return _compute_log_lower_tail(a, b, x, y)


def _compute_log_lower_tail(a: float, b: float, x: float, y: float) -> float:
    """The logarithm of I(x; a, b) for x below the mean or near it."""
    compute = _integrate if min(a, b) >= QUADRATURE_FROM else _sum_fraction
    return _compute_log_factor(a, b, x, y) + math.log(compute(a, b, x, y))


def _compute_log_factor(a: float, b: float, x: float, y: float) -> float:
    """The logarithm of x^a y^b / B(a, b)."""
    total, excess = a + b, _compute_excess(a, b, x, y)
    deviance = _compute_deviance(a, total, x, excess) + _compute_deviance(b, total, y, -excess)
    stirling = _compute_stirling_error(total) - _compute_stirling_error(a) - _compute_stirling_error(b)
    return 0.5 * (math.log(a) + math.log(b / total) - math.log(2.0 * math.pi)) - deviance + stirling


def _compute_excess(a: float, b: float, x: float, y: float) -> float:
    """(a + b) x - a, from the smaller of x and y."""
    return (a + b) * x - a if x < y else b - (a + b) * y


def _compute_deviance(observed: float, total: float, share: float, excess: float) -> float:
    """The sum of observed log(observed / expected) and excess = expected - observed; expected = total share.

    Without cancellation: near 0 from log(1 + v) = 2 artanh(v / (2 + v)).
    """
    value = excess / observed
    if abs(value) > 0.3:
        return observed * (value - math.log(share) - math.log(total / observed))
    ratio = value / (2.0 + value)
    square = ratio * ratio
    series = 0.0
    for odd in range(25, 1, -2):
        series = 1.0 / odd + square * series
    return observed * ratio * (value - 2.0 * square * series)


def _compute_stirling_error(value: float) -> float:
    """The logarithm of the gamma function less that of sqrt(2 pi / value) (value / e)^value (DLMF 5.11.1)."""
    if value < 16.0:
        return math.lgamma(value) - (value - 0.5) * math.log(value) + value - 0.5 * math.log(2.0 * math.pi)
    square = value * value
    inner = 1 / 1260 - (1 / 1680 - (1 / 1188 - 691 / 360360 / square) / square) / square
    return (1 / 12 - (1 / 360 - inner / square) / square) / value


def _sum_fraction(a: float, b: float, x: float, y: float) -> float:
    """I(x; a, b) divided by its leading factor, by the continued fraction."""
    short = -_compute_excess(a, b, x, y)

    def find_denominator(m: int) -> float:
        step = m * (b - m) * x / (a + 2 * m - 1) if m else 0.0
        return m + step + (a + m) * (short + 1.0 + m * (1.0 + y)) / (a + 2 * m + 1)

    value = upper = _keep_from_zero(find_denominator(0))
    lower = 0.0
    for m in range(1, MOST_TERMS):
        scale = x / (a + 2 * m - 1)
        numerator = (a + m - 1) * (a + b + m - 1) * m * (b - m) * scale * scale
        denominator = find_denominator(m)
        lower = 1.0 / _keep_from_zero(denominator + numerator * lower)
        upper = _keep_from_zero(denominator + numerator / upper)
        value *= upper * lower
        if abs(upper * lower - 1.0) <= PRECISION:
            break
    return 1.0 / value


def _keep_from_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def _integrate(a: float, b: float, x: float, y: float) -> float:
    """I(x; a, b) divided by its leading factor: the density below x, integrated, by that at x.

    The variable is the distance below x as a share of x.
    """
    odds = x / y
    slope, curvature = (a - 1.0) - (b - 1.0) * odds, (a - 1.0) + (b - 1.0) * odds**2
    reach = 100.0 / (slope + math.sqrt(slope**2 + 100.0 * curvature))

    def log_density(below: Floats) -> Floats:
        return (a - 1.0) * np.log1p(-below) + (b - 1.0) * np.log1p(below * odds)

    while reach < 1.0 and log_density(np.array([reach]))[0] > NEGLIGIBLE:
        reach *= 1.25
    reach = min(reach, 1.0)
    places, weights = _find_nodes()
    return float(weights @ np.exp(log_density(reach * places))) * reach / y


@cache
def _find_nodes() -> tuple[Floats, Floats]:
    """The places and weights of Gauss-Legendre quadrature between 0 and 1."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return (places + 1.0) / 2.0, weights / 2.0
