"""Looks at a run while it goes on, in another process, and ends it when every objective is decided."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from itertools import pairwise
from typing import Final

import gevent

from loadtests.recording.run import RunRecording
from loadtests.session.judging import run_reports
from reports.data.checkpoints import compute_checkpoints_s

logger = logging.getLogger(__name__)

ARRIVAL_S: Final = 1.0
"""A row has certainly reached the folder this long after its request ended, also from another machine."""
REST: Final = 4.0
"""After a look follows a pause of so many times its length: looks take at most a fifth of a core."""


def watch(run: RunRecording, timeout_s: float, decided: Callable[[float], None]) -> gevent.Greenlet:
    """Call `decided()` once, with the first checkpoint by which every objective is decided.

    A look waits until each request due before its checkpoint has been answered or has timed out: without the
    slowest ones the rest would look better than it was. Looks take longer the more was recorded, so
    checkpoints that pass meanwhile are left out. The last one is the end of the run, which needs no look.
    """
    return gevent.spawn(_watch, run, timeout_s + ARRIVAL_S, decided)


def _watch(run: RunRecording, settle_s: float, decided: Callable[[float], None]) -> None:
    rested_s = 0.0
    for until_s, following_s in pairwise(compute_checkpoints_s(run.facts)):
        if until_s + settle_s >= (run.facts.planned_s or 0.0):
            return
        begin_s = max(until_s + settle_s, rested_s)
        if begin_s >= following_s + settle_s:
            continue
        gevent.sleep(max(0.0, begin_s - run.elapsed_s))
        began_s = run.elapsed_s
        done = run_reports("decide", str(run.folder), "--until", repr(until_s), nice=True)
        rested_s = run.elapsed_s + REST * (run.elapsed_s - began_s)
        if not run.is_running:
            return
        if done.returncode:
            logger.warning(
                "the run goes on to its end, it can't be looked at before: %s", done.stderr.strip()
            )
            return
        if json.loads(done.stdout)["decided"]:
            decided(until_s)
            return
