"""Stops the users of a process and waits until they have stopped."""

from __future__ import annotations

from typing import Final

from gevent.event import Event
from locust.env import Environment
from locust.runners import STATE_CLEANUP, STATE_INIT, STATE_STOPPED, STATE_STOPPING

GRACE_S: Final = 5.0
"""Beyond Locust's own patience with users who stop."""


class UserStop:
    """Stops users once, whoever asks: Locust's runner must not be stopped while it is stopping."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._stopped = Event()
        self._stopping = False

    def note_started(self) -> None:
        """Users are started for a new run."""
        self._stopped.clear()

    def note_stopped(self) -> None:
        """All users have stopped."""
        self._stopped.set()

    def stop(self) -> None:
        """Stop the users, on workers too. If somebody is stopping them already, wait for that.

        A `quit` meanwhile would end the talk with the workers.
        """
        runner = self._environment.runner
        assert runner is not None
        if self._stopping or runner.state in (STATE_CLEANUP, STATE_STOPPING):
            self._stopped.wait(self._environment.stop_timeout + GRACE_S)
        elif runner.state not in (STATE_INIT, STATE_STOPPED):
            self._stopping = True
            try:
                runner.stop()
            finally:
                self._stopping = False

    def abandon_requests(self) -> None:
        """End users of this process who wait for a reply; those who go on wait for nobody."""
        runner = self._environment.runner
        assert runner is not None
        if self._stopping or runner.state in (STATE_CLEANUP, STATE_STOPPING):
            runner.user_greenlets.kill(block=False)
