"""The user classes that Locust spawns: they differ in when they send, the scenario says what."""

from __future__ import annotations

import random
from time import perf_counter
from typing import ClassVar

from gevent.event import Event
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

from configuration.traffic import PACE_S
from loadtests.traffic.session import session_of
from loadtests.traffic.visitor import Visitor, phase_offset


class ModelUser(User):
    """Sends the scenario's requests one after the other over one connection; subclasses say when."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._sender = session_of(environment).sender
        self.number: int = self._sender.number_user()
        self._turns = self._sender.deal_turns(self.number)
        self._visitor = Visitor(self._pause)
        self._connection = self._sender.open_connection()
        self._stopping = False
        self._stop_asked = Event()

    @task
    def predict(self) -> None:
        """Ask for the next prediction."""
        if self._stopping:
            raise StopUser
        turn = next(self._turns, None)
        if turn is None:
            self._stay()
        else:
            self._sender.take_turn(self._connection, turn, self._visitor)

    def stop(self, force: bool = False) -> bool:
        """Stop at once if the user waits, else after the reply.

        Locust ends a waiting user by an exception that arrives a moment later. A user that wakes up in
        between must not send a request: it would be interrupted and recorded nowhere.
        """
        self._stopping = True
        self._stop_asked.set()
        return bool(super().stop(force))

    def _stay(self) -> None:
        """Send nothing until told to stop: all records of the files that are replayed were sent."""
        self._sender.left_out += 1
        self._stop_asked.wait()
        raise StopUser

    def _pause(self, seconds: float) -> None:
        """Think within a journey; who is asked to stop meanwhile makes no further request."""
        if self._stop_asked.wait(seconds):
            raise StopUser

    def on_start(self) -> None:
        """Wait for the begin of the run, then as before every request: users that start together spread."""
        self._sender.await_start()
        self.wait()

    def on_stop(self) -> None:
        """Close the connection."""
        self._connection.close()


class PacedUser(ModelUser):
    """One request a second, however long the replies take, as long as they take less than a second.

    The schedule does not drift: request k is due k paces after the first. A reply that is late for the next
    request moves the schedule; the requests not offered then are counted.
    """

    pace_s: ClassVar[float] = PACE_S["paced"]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._due: float | None = None

    def wait_time(self) -> float:
        """Seconds until the next request is due."""
        now = perf_counter()
        if self._due is None:
            self._due = now + phase_offset(self.number + 1) * self.pace_s
        else:
            self._due = max(self._due + self.pace_s, now)
        return self._due - now


class ThinkingUser(ModelUser):
    """Pause between a reply and the next request, uniformly within `think_s`."""

    abstract = True
    think_s: ClassVar[tuple[float, float]]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._chance = random.Random(self._sender.seed * 1_000_003 + self.number)  # noqa: S311

    def wait_time(self) -> float:
        """Seconds of think time."""
        return self._chance.uniform(*self.think_s)


class NormalUser(ThinkingUser):
    """Half a second to two seconds of think time."""

    think_s = (0.5, 2.0)


class HighUser(ThinkingUser):
    """A tenth to half a second of think time."""

    think_s = (0.1, 0.5)


class StressUser(ThinkingUser):
    """A twentieth to a fifth of a second of think time."""

    think_s = (0.05, 0.2)


class EagerUser(ModelUser):
    """No think time: the next request as soon as the reply has arrived, to find a capacity."""

    def on_start(self) -> None:
        """Wait for the begin of the run."""
        self._sender.await_start()

    @task
    def predict(self) -> None:
        """Ask for one prediction after the other until told to stop."""
        while not self._stopping:
            turn = next(self._turns, None)
            if turn is None:
                self._stay()
            else:
                self._sender.take_turn(self._connection, turn, self._visitor)


USER_CLASSES: dict[str, type[ModelUser]] = {
    "paced": PacedUser,
    "normal": NormalUser,
    "high": HighUser,
    "stress": StressUser,
    "eager": EagerUser,
}
"""The classes by their names in a scenario."""
