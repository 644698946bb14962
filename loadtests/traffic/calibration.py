"""Finds the capacity of the service before a load that is stated in multiples of it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final

import gevent

from configuration.load import Calibration
from loadtests.traffic.sender import RequestSender
from loadtests.traffic.visitor import Visitor

BUSY_SHARE: Final = 0.8
"""The rest of a calibration is quiet: the queue of the service drains, workers are told the rate."""

COUNTED_SHARE: Final = 0.75
"""The last three quarters of the busy time count: by then connections are open and the service is warm."""


def find_capacity(
    sender: RequestSender, calibration: Calibration, started: float, is_running: Callable[[], bool]
) -> float:
    """Successful replies a second to eager users, from `started` (on `perf_counter`); 0 if there were none.

    Returns before the quiet end of the calibration, or when the run is no longer running.
    """
    until = started + BUSY_SHARE * calibration.duration_s
    since = until - COUNTED_SHARE * (until - started)
    replies = 0

    def send_eagerly() -> None:
        nonlocal replies
        turns, visitor = sender.deal_turns(sender.number_user()), Visitor()
        connection = sender.open_connection()
        while perf_counter() < until and is_running() and (turn := next(turns, None)) is not None:
            good = sender.take_turn(connection, turn, visitor)
            replies += good and since <= perf_counter() < until
        connection.close()

    gevent.joinall([gevent.spawn(send_eagerly) for _ in range(calibration.users)])
    return replies / (until - since)
