"""Tells which requests begin a turn of a user: those that a load plans."""

from __future__ import annotations

import numpy as np

from reports.data.columns import Mask
from reports.data.facts import Facts
from reports.data.samples import Samples


def mark_turns(samples: Samples, facts: Facts) -> Mask:
    """Which requests stand for a turn: the first one of each, or the login that failed before it.

    A turn is one request, or one journey. A login that succeeds is followed by the turn that it was made for.
    """
    if not facts.turn_starts:
        return np.ones(len(samples), dtype=np.bool_)
    failed_logins = samples.endpoint.isin(facts.logins) & ~samples.ok
    return samples.endpoint.isin(facts.turn_starts) | failed_logins


def name_turns(facts: Facts) -> str:
    """What a load plans: 'turns', or 'requests' where each turn is one request."""
    return "turns" if facts.turn_starts else "requests"
