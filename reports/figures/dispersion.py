"""How bursty arrivals are: the index of dispersion of counts, of a recording and of what was sent.

I(w) = Var(N) / E(N) of the numbers N of arrivals in windows of length w. It is 1 for a Poisson process at a
constant rate, 0 for even gaps, and above 1 where arrivals come in bursts or their rate changes: Cox and
Lewis, *The Statistical Analysis of Series of Events*, 1966, chapter 4; Gusella, IEEE Journal on Selected
Areas in Communications 9 (1991), 203–211.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from reports.data.columns import Floats
from reports.data.run import Run

WINDOWS_S: Final = (0.1, 1.0, 10.0)
LEAST_WINDOWS: Final = 20
"""With fewer windows the variance of their counts says little."""


class Dispersion(NamedTuple):
    """The index of dispersion of counts in windows of `window_s`."""

    window_s: float
    recorded: float
    due: float
    """Of the intended starts: thinned or superposed where the scenario says so."""
    sent: float


def compute_dispersion(times_s: Floats, start_s: float, end_s: float, window_s: float) -> float | None:
    """The index of dispersion over whole windows in [`start_s`, `end_s`).

    None with fewer than 20 windows, or without an arrival in them.
    """
    windows = int((end_s - start_s) / window_s + 1e-9)
    if windows < LEAST_WINDOWS:
        return None
    places = np.floor((times_s - start_s) / window_s).astype(np.int64)
    counts = np.bincount(places[(places >= 0) & (places < windows)], minlength=windows)
    mean = float(counts.mean())
    return float(counts.var(ddof=1)) / mean if mean else None


def compute_dispersions(times_s: Floats, end_s: float) -> dict[str, float]:
    """The index of arrivals in [0, `end_s`) for each length of windows in s, as run.json holds them."""
    found = {f"{window_s:g}": compute_dispersion(times_s, 0.0, end_s, window_s) for window_s in WINDOWS_S}
    return {window: index for window, index in found.items() if index is not None}


def compare_dispersions(run: Run) -> list[Dispersion]:
    """What was recorded beside what was due and sent in judged stages; empty without a recording."""
    recorded: Mapping[str, float] = run.facts.recorded_dispersion or {}
    spans = run.list_spans()
    if not recorded or not spans:
        return []
    start_s, end_s = spans[0][0], spans[-1][1]
    sent_s = run.judged.sent_s[np.isfinite(run.judged.sent_s)]
    compared = []
    for window, index in recorded.items():
        due = compute_dispersion(run.judged.intended_s, start_s, end_s, float(window))
        sent = compute_dispersion(sent_s, start_s, end_s, float(window))
        if due is not None and sent is not None:
            compared.append(Dispersion(float(window), index, due, sent))
    return compared
