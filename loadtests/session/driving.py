"""What drives the users of a run."""

from __future__ import annotations

from collections.abc import Callable

from locust import LoadTestShape

from loadtests.recording.run import RunRecording
from shapes.locust_shape import GuestShape, ProfileShape


def make_shape(own: LoadTestShape | None, get_run: Callable[[], RunRecording | None]) -> ProfileShape:
    """The shape of a scenario's load; the one of somebody's own locustfile if it holds one.

    If that fails, the run that `get_run` returns can't be trusted.
    """
    if own is None:
        return ProfileShape()

    def report(error: Exception) -> None:
        run = get_run()
        if run is not None:
            said = f"{type(error).__name__}: {error}"
            run.add_fault(f"the load shape {type(own).__name__} could not go on: {said}")

    return GuestShape(own, report)
