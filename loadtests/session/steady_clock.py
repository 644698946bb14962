"""The clock by which Locust's runners measure durations: it starts at the time of day, and nobody sets it."""

from __future__ import annotations

import time

from locust import runners


class SteadyClock:
    """Stands in for the module `time` in Locust's runners, which measure durations by the time of day.

    A worker would leave when that is set forward by a minute, because its master seems to be silent; a load
    shape would be asked an hour later when it is set back by an hour.
    """

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()

    def time(self) -> float:
        """Seconds since 1970, by what the time of day was when this clock was made."""
        return self._offset_s + time.monotonic()


def keep_locusts_clock_steady() -> None:
    """From now on no runner of this process notices that the time of day is set."""
    names = vars(runners)
    if not isinstance(names["time"], SteadyClock):
        names["time"] = SteadyClock()
