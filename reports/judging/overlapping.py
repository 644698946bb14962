"""Overlapping batches: the second measure of dependence, beside the block bootstrap.

Batches are a fixed share of the series, so that their length doesn't depend on what the data show, and each
begins one bin after the other (Meketon and Schmeiser, Winter Simulation Conference 1984). The variance of
their proportions doesn't become exact as the series grows. Student's t with `DEGREES` degrees of freedom
allows for it: it fits the quantiles of the limit, found by simulating Brownian motion, within 1 % from 95 to
99.5 % (Su, Dong, Glynn, Zhang and Lam, "Overlapping Batch Confidence Intervals on Statistical Functionals
Constructed from Time Series", arXiv:2311.04159).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np

from reports.data.columns import Mask
from reports.judging.bootstrap import Bins, count_in_bins
from reports.judging.special import invert_student_cdf

BATCHES: Final = 20
"""How many batches fit into the series side by side. With fewer, a trend or the first requests of a run weigh
more than they should; with more, long queues are seen less often (`benchmarks/judge`)."""
DEGREES: Final = 29.0


def measure_batch_effect(series: Mask, confidence: float) -> float:
    """The design effect of `series`, in order of time, for one-sided bounds at `confidence`; at least 1.

    An effect that independent trials often show (up to two standard errors above 1) counts as 1.
    """
    if int(np.count_nonzero(series)) in (0, len(series)):
        return 1.0
    effect = estimate_batch_effect(count_in_bins(series))
    if effect <= 1.0 + 2.0 * np.sqrt(2.0 / DEGREES):
        return 1.0
    level = max(confidence, 0.75)  # the ratio is undefined at 0.5 and hardly changes below
    return effect * (invert_student_cdf(DEGREES, level) / NormalDist().inv_cdf(level)) ** 2


def estimate_batch_effect(bins: Bins) -> float:
    """The variance of the proportion by overlapping batches, divided by that of independent trials."""
    length = max(1, len(bins.hits) // BATCHES)
    total, hits = int(bins.sizes.sum()), int(bins.hits.sum())
    share = hits / total
    sizes, counts = (np.convolve(values, np.ones(length), mode="valid") for values in (bins.sizes, bins.hits))
    spread = float(((counts / sizes - share) ** 2 * sizes).mean())
    return spread / (1.0 - length / len(bins.hits)) / (share * (1.0 - share))
