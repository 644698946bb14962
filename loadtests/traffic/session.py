"""What users, and Locust's events, need of the load test in their process."""

from __future__ import annotations

from typing import Final, Protocol

from locust.env import Environment

from loadtests.traffic.schedule import ArrivalSchedule
from loadtests.traffic.sender import RequestSender

ATTRIBUTE: Final = "loadtest"
"""Locust lets an environment carry what users share."""


class Session(Protocol):
    """The part of one process in load tests: all of them, the master's, or a worker's."""

    @property
    def sender(self) -> RequestSender:
        """Sends the requests of this process; there while it generates load."""

    @property
    def schedule(self) -> ArrivalSchedule:
        """When this process sends in the open model; there while it generates load."""

    def begin(self) -> None:
        """Begin a run: Locust starts a test."""

    def finish(self) -> None:
        """Finish the run: the users have stopped. A second call changes nothing."""

    def quit(self) -> None:
        """Complete what a signal interrupted: the process is about to end."""


def attach_session(environment: Environment, session: Session) -> None:
    """Let users of `environment` find the session."""
    setattr(environment, ATTRIBUTE, session)


def find_session(environment: Environment) -> Session | None:
    """The session of an environment; None before Locust's `init` event."""
    session: Session | None = getattr(environment, ATTRIBUTE, None)
    return session


def session_of(environment: Environment) -> Session:
    """The session of an environment whose users are running."""
    session = find_session(environment)
    assert session is not None
    return session
