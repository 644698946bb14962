"""Repeats an observation once a period; one that fails does not end the observer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter

import gevent

logger = logging.getLogger(__name__)


def observe_every(
    period_s: float, look: Callable[[], None], what: str, at_once: bool = True
) -> gevent.Greenlet:
    """Call `look` each period, or as soon after as it can be, until the greenlet is killed.

    A look that raises is logged, once, and the next one is tried. The missing rows show in the run's
    telemetry, where the verdict counts them (`reports.judging.completeness`).
    """
    return gevent.spawn(_observe, period_s, look, what, at_once)


def _observe(period_s: float, look: Callable[[], None], what: str, at_once: bool) -> None:
    told = False
    due = perf_counter() + (0.0 if at_once else period_s)
    while True:
        gevent.sleep(max(0.0, due - perf_counter()))
        try:
            look()
        except Exception as error:  # whatever it was: the others go on, and so does this one
            if not told:
                logger.warning("%s could not be observed: %s: %s", what, type(error).__name__, error)
            told = True
        due = max(due + period_s, perf_counter())
