"""A load shape of somebody's own: asked on the run's clock, ended with it, and told when it breaks."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from locust import LoadTestShape

from shapes.locust_shape import GuestShape
from shapes.profiles import Constant


class Runner:
    """Counts how often it was stopped."""

    stopped = 0

    def stop(self) -> None:
        self.stopped += 1


class Steps(LoadTestShape):
    """Two users in the first ten seconds, five in the next; then the end."""

    def tick(self) -> Any:
        if self.runner is None:
            raise AssertionError("a shape may ask its runner")
        run_time = self.get_run_time()
        return None if run_time > 20 else (2 if run_time < 10 else 5, 1)


class Broken(LoadTestShape):
    def tick(self) -> Any:
        raise LookupError("no level")


def make_guest(
    shape: LoadTestShape, duration_s: float = float("inf")
) -> tuple[GuestShape, Runner, list[Any]]:
    errors: list[Any] = []
    guest, runner = GuestShape(shape, errors.append), Runner()
    guest.runner = runner  # type: ignore[assignment]
    guest.follow(Constant(1, duration_s))
    return guest, runner, errors


@pytest.mark.parametrize(("elapsed_s", "answer"), [(1, (2, 1)), (11, (5, 1)), (21, None)])
def test_it_is_asked_on_the_clock_of_the_run(elapsed_s: float, answer: Any) -> None:
    guest, runner, _ = make_guest(Steps())
    guest.start_at(perf_counter() - elapsed_s)
    guest.reset_time()  # Locust does so once more after the run has begun
    assert guest.tick() == answer
    assert runner.stopped == (answer is None)


def test_it_ends_after_the_run_time_and_when_it_is_asked_to() -> None:
    guest, runner, _ = make_guest(Steps(), duration_s=5.0)
    guest.start_at(perf_counter() - 6)
    assert guest.tick() is None
    assert runner.stopped == 1
    guest, runner, _ = make_guest(Steps())
    assert guest.tick() == (2, 1)
    guest.request_end()
    assert guest.tick() is None


def test_an_exception_ends_it_and_is_told() -> None:
    guest, runner, errors = make_guest(Broken())
    assert guest.tick() is None
    assert [str(error) for error in errors] == ["no level"]
    assert runner.stopped == 1
