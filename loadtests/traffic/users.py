"""The users Locust spawns. They differ in how long they wait; what they send is the scenario's."""

from __future__ import annotations

import random
from time import perf_counter
from typing import ClassVar

from locust import User, task
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING

from configuration.scenario import PACE_S
from loadtests.traffic.sender import Sending, phase_of


class ModelUser(User):
    """Send the scenario's requests one after the other over one connection; subclasses say when."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._sending: Sending = environment.loadtest.sending  # type: ignore[attr-defined]
        self.number: int = self._sending.join()
        self._requests = self._sending.deal(self.number)
        self._connection = self._sending.connect()
        self._told_to_stop = False

    @task
    def predict(self) -> None:
        """Ask for the next prediction."""
        if self._told_to_stop:
            raise StopUser
        self._sending.send(self._connection, next(self._requests))

    def stop(self, force: bool = False) -> bool:
        """Stop now where the user waits, else after the reply.

        Locust ends who waits by an exception, and that comes a moment later: who wakes up in between must
        not send what would then be broken off, and recorded nowhere.
        """
        self._told_to_stop = True
        return bool(super().stop(force))

    def on_start(self) -> None:
        """Let the run begin; then wait as before every request, so that users who come together spread."""
        self._sending.await_start()
        self.wait()

    def on_stop(self) -> None:
        """Close the connection."""
        self._connection.close()


class PacedUser(ModelUser):
    """One request a second, however long the replies take, as long as they take less than a second.

    The schedule does not drift: the k-th request is due k paces after the first. A reply that is late for
    the next one moves the schedule; what was not offered then is counted.
    """

    pace_s: ClassVar[float] = PACE_S["paced"]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._due: float | None = None

    def wait_time(self) -> float:
        """Seconds until the next request is due."""
        now = perf_counter()
        if self._due is None:
            self._due = now + phase_of(self.number + 1) * self.pace_s
        else:
            self._due = max(self._due + self.pace_s, now)
        return self._due - now


class ThinkingUser(ModelUser):
    """Pause between a reply and the next request, uniformly within `think_s`."""

    abstract = True
    think_s: ClassVar[tuple[float, float]]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._chance = random.Random(self._sending.seed * 1_000_003 + self.number)  # noqa: S311

    def wait_time(self) -> float:
        """Seconds of thought."""
        return self._chance.uniform(*self.think_s)


class NormalUser(ThinkingUser):
    """Half a second to two seconds of thought."""

    think_s = (0.5, 2.0)


class HighUser(ThinkingUser):
    """A tenth to half a second of thought."""

    think_s = (0.1, 0.5)


class StressUser(ThinkingUser):
    """A twentieth to a fifth of a second of thought."""

    think_s = (0.05, 0.2)


class EagerUser(ModelUser):
    """No pause at all: the next request as soon as the reply is there, to find a capacity."""

    def on_start(self) -> None:
        """Let the run begin."""
        self._sending.await_start()

    @task
    def predict(self) -> None:
        """Ask for one prediction after the other until told to stop."""
        while self._state == LOCUST_STATE_RUNNING:
            self._sending.send(self._connection, next(self._requests))


USER_CLASSES: dict[str, type[ModelUser]] = {
    "paced": PacedUser,
    "normal": NormalUser,
    "high": HighUser,
    "stress": StressUser,
    "eager": EagerUser,
}
"""The classes by the name a scenario gives them."""
