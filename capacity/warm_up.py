"""Where a series of measurements becomes steady: MSER-5.

White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics for simulation" (WSC 2000):
of means of five, drop those first ones without which the standard error of the mean of the rest is smallest.
A best cut in the second half says that the series hasn't become steady.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

GROUP: Final = 5
LEAST_GROUPS: Final = 10


def find_warm_up(values: NDArray[np.float64]) -> int | None:
    """How many of the first `values` to drop; None if they don't become steady in the first half.

    ValueError for fewer than ten groups of five.
    """
    groups = len(values) // GROUP
    if groups < LEAST_GROUPS:
        raise ValueError(f"{len(values)} values: MSER-5 takes at least {LEAST_GROUPS * GROUP}")
    means = values[: groups * GROUP].reshape(groups, GROUP).mean(axis=1)
    left = np.arange(groups, 0, -1)
    sums, squares = np.cumsum(means[::-1])[::-1], np.cumsum((means**2)[::-1])[::-1]
    variances = np.maximum(squares / left - (sums / left) ** 2, 0.0)
    errors = variances[: groups - GROUP] / left[: groups - GROUP]
    best = int(np.argmin(errors))
    return best * GROUP if best <= groups // 2 else None
