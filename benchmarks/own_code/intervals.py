"""Measures how often intervals of an error rate cover the true one, when failures come in bursts."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time
from typing import Final

import numpy as np
from scipy import signal, special

from reports.data.columns import Mask
from reports.judging.confidence import compute_clopper_pearson, compute_share_interval

SAMPLES: Final = 20_000
SHARE: Final = 0.01
CONFIDENCE: Final = 0.95
SERIES: Final = 300
MEMORIES: Final = (0.0, 0.5, 0.9, 0.95)
"""Lag-1 autocorrelation of the latent AR(1) series that fails where it is above its 99th percentile."""
SEED: Final = 20_261


@dataclass(frozen=True)
class Coverage:
    """The share of intervals that contain the true share."""

    memory: float
    independent: float
    """Clopper and Pearson's interval, which assumes independent requests."""
    own: float
    """This suite's interval, which the block bootstrap widens."""
    own_ms: float
    """Processor time of one interval of this suite."""


def measure_coverage(memory: float) -> Coverage:
    """Draw `SERIES` series with this autocorrelation and count the intervals that cover the true share."""
    rng = np.random.default_rng(SEED)
    independent = own = 0
    own_s = 0.0
    for _ in range(SERIES):
        hits = _draw(rng, memory)
        low, high = compute_clopper_pearson(int(np.count_nonzero(hits)), SAMPLES, CONFIDENCE)
        independent += low <= SHARE <= high
        began = process_time()
        low, high = compute_share_interval(hits, CONFIDENCE) or (0.0, 0.0)
        own_s += process_time() - began
        own += low <= SHARE <= high
    return Coverage(memory, independent / SERIES, own / SERIES, own_s / SERIES * 1e3)


def _draw(rng: np.random.Generator, memory: float) -> Mask:
    """Draw a stationary AR(1) series of unit variance and compare it with its 99th percentile."""
    noise = rng.standard_normal(SAMPLES) * np.sqrt(1 - memory**2)
    latent, _ = signal.lfilter([1.0], [1.0, -memory], noise, zi=[memory * rng.standard_normal()])
    above: Mask = latent > special.ndtri(1 - SHARE)
    return above
