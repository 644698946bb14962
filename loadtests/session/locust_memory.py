"""Bounds what Locust keeps of a run, however long it is; none of it is judged."""

from __future__ import annotations

from itertools import islice
from typing import Final

import gevent
from locust.stats import RequestStats

from loadtests.recording.run import RunRecording
from loadtests.session.listeners import SessionListener

PERIOD_S: Final = 60.0
KEPT_SECONDS: Final = 60
"""Locust counts requests by the second for ever, and computes current rates from the last twelve."""
MOST_SNAPSHOTS: Final = 1_440
"""Locust takes a snapshot for its charts every 5 s: two hours of them, in about 2 MiB."""


def trim_stats(stats: RequestStats) -> None:
    """Remove counts of seconds long past; of too many snapshots keep every other one."""
    for entry in (stats.total, *stats.entries.values()):
        _drop_oldest(entry.num_reqs_per_sec)
        _drop_oldest(entry.num_fail_per_sec)
    if len(stats.history) > MOST_SNAPSHOTS:
        del stats.history[1::2]


def _drop_oldest(counts: dict[int, int]) -> None:
    """Leave the newest counts, in the order in which they were begun: the time of day may be set back."""
    for second in list(islice(counts, max(0, len(counts) - KEPT_SECONDS))):
        del counts[second]


class StatsTrimmer(SessionListener):
    """Trims Locust's statistics once a minute during each run."""

    def __init__(self, stats: RequestStats) -> None:
        self._stats = stats
        self._greenlet: gevent.Greenlet | None = None

    def run_started(self, _: RunRecording) -> None:
        """Trim from now on."""
        self._greenlet = gevent.spawn(self._trim_often)

    def load_stopped(self, _: RunRecording) -> None:
        """Trim no more: Locust's tables and charts are written next."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    def _trim_often(self) -> None:
        while True:
            gevent.sleep(PERIOD_S)
            trim_stats(self._stats)
