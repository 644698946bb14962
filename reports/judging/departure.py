"""Finds out whether the service went away for good during a run."""

from __future__ import annotations

import numpy as np

from reports.data.run import Run

LEAST_REQUESTS = 10
LEAST_S = 2.0
"""A service is gone if it answered before, and then none of so many requests over so long, to the end."""
WITHOUT_REPLY = ("refused", "reset", "timeout")


def find_departure_s(run: Run) -> float | None:
    """Since when, in seconds since the run's start, no request was answered any more; None if some were.

    Only the service's silence counts: every later request was refused, reset or timed out. None, too, if
    nothing was answered before, or if the silence is too short to tell from a fault that passes.
    """
    samples = run.samples
    answered = samples.status > 0
    if not answered.any():
        return None
    last = float(np.max(samples.intended_s[answered]))
    later = samples.select((samples.intended_s > last) & ~samples.outcome.equal("dropped"))
    silent = np.zeros(len(later), dtype=np.bool_)
    for outcome in WITHOUT_REPLY:
        silent |= later.outcome.equal(outcome)
    if len(later) < LEAST_REQUESTS or not silent.all():
        return None
    since_s = float(later.intended_s[0])
    return since_s if float(later.intended_s[-1]) - since_s >= LEAST_S else None


def describe_departure(run: Run) -> tuple[str, ...]:
    """A clause that the service went away for good; nothing if it didn't."""
    since_s = find_departure_s(run)
    if since_s is None:
        return ()
    minutes, seconds = divmod(int(since_s), 60)
    return (f"the service was gone since {minutes}:{seconds:02d}, never back",)
