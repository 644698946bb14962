"""Find the service's capacity before the load that is stated in multiples of it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final

import gevent

from configuration.load import Calibration
from loadtests.traffic.sender import Sending

BUSY_SHARE: Final = 0.8
"""The rest of a calibration is quiet: the service's queue drains, workers hear of the rate."""

COUNTED_SHARE: Final = 0.75
"""Of the busy time its last three quarters count: connections are open then, and the service is warm."""


def find_capacity(
    sending: Sending, calibration: Calibration, started: float, goes_on: Callable[[], bool]
) -> float:
    """Successful replies a second to eager users, from `started` (on `perf_counter`); 0 if there were none.

    Returns when the calibration's time is over but for its quiet end, or when the run does not go on.
    """
    until = started + BUSY_SHARE * calibration.duration_s
    since = until - COUNTED_SHARE * (until - started)
    replies = 0

    def ask() -> None:
        nonlocal replies
        requests = sending.deal(sending.join())
        connection = sending.connect()
        while perf_counter() < until and goes_on():
            good = sending.send(connection, next(requests)) == "ok"
            replies += good and since <= perf_counter() < until
        connection.close()

    gevent.joinall([gevent.spawn(ask) for _ in range(calibration.users)])
    return replies / (until - since)
