"""Who is told what happens in a load test, without the load test knowing what they do."""

from __future__ import annotations

from collections.abc import Callable

from loadtests.recording.run import RunRecording


class SessionListener:
    """Base of listeners: override what matters."""

    def run_opened(self, run: RunRecording) -> None:
        """A run's folder is there; no request has been sent."""

    def run_started(self, run: RunRecording) -> None:
        """The run's clock has started, and its load begins."""

    def load_stopped(self, run: RunRecording) -> None:
        """The load has stopped; replies may still come."""

    def run_recorded(self, run: RunRecording) -> None:
        """The last reply was recorded; the run is closed and judged next."""

    def interrupted(self) -> None:
        """A signal asks for the end of the process."""

    def ending(self) -> None:
        """The process ends next, with its verdict printed."""


class RunFollower(SessionListener):
    """Calls a function with each run before its first request."""

    def __init__(self, follow: Callable[[RunRecording], None]) -> None:
        self._follow = follow

    def run_opened(self, run: RunRecording) -> None:
        """Call the function."""
        self._follow(run)
