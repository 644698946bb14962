"""The adapter follows a profile on Locust's clock, which is a virtual one here."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from shapes import locust_shape
from shapes.locust_shape import ProfileShape
from shapes.profiles import Constant, Ramp
from shapes.sequences import Steps


class VirtualShape(ProfileShape):
    """Locust asks it at `now_s`; a wait ends at once, and the clock shows its end."""

    now_s = 0.0

    def get_run_time(self) -> float:
        """What Locust computes from the real clock."""
        return self.now_s - self.start_time

    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def ask_at(self, seconds: float) -> tuple[int, float] | None:
        """The answer so many seconds into the run."""
        self.start_at(self.now_s - seconds)
        return self.tick()


@pytest.fixture
def shape(monkeypatch: pytest.MonkeyPatch) -> VirtualShape:
    """The adapter of a master with three workers."""
    made = VirtualShape()
    made.runner = SimpleNamespace(worker_count=3, stops=0)
    made.runner.stop = lambda: setattr(made.runner, "stops", made.runner.stops + 1)
    monkeypatch.setattr(locust_shape.gevent, "sleep", made.wait)
    return made


def test_users_are_the_level_rounded_and_come_fast(shape: VirtualShape) -> None:
    shape.follow(Ramp(0, 300, 300))
    assert [shape.ask_at(100.49), shape.ask_at(100.51)] == [(100, 300), (101, 300)]
    shape.follow(Constant(5, 60))
    assert shape.ask_at(10) == (5, 100.0)


def test_the_end_stops_the_runner_once(shape: VirtualShape) -> None:
    shape.follow(Constant(5, 60))
    assert (shape.ask_at(60), shape.runner.stops) == (None, 1)


def test_a_stages_edge_is_waited_for(shape: VirtualShape) -> None:
    """Half a second before an edge the answer comes at the edge, and is the next level."""
    shape.follow(Steps((2, 7), 10))
    assert shape.ask_at(8.5) == (2, 100.0)
    assert shape.get_run_time() == 8.5
    assert shape.ask_at(9.5) == (7, 100.0)
    assert shape.get_run_time() == 10.0


@pytest.mark.parametrize("duration_s", [0.5, 1.0])
def test_before_the_run_has_begun_nothing_is_waited_for_or_over(
    shape: VirtualShape, duration_s: float
) -> None:
    """Locust's first question starts the test; the clock starts when the run's folder is open."""
    shape.follow(Constant(4, duration_s))
    shape.reset_time()
    shape.now_s = shape.start_time
    assert shape.tick() == (4, 100.0)
    assert shape.now_s == shape.start_time
    shape.now_s += 60.0
    assert shape.tick() is not None


def test_on_a_master_the_clock_is_not_set_back(shape: VirtualShape) -> None:
    """Locust asks for a reset once more after the run has begun, a moment ahead for its workers' sake."""
    shape.follow(Constant(4, 10))
    shape.start_at(1.0)
    shape.reset_time()
    assert shape.get_run_time() == -1.0
    assert shape.tick() == (4, 100.0)


def test_in_the_open_model_each_process_has_one_user(shape: VirtualShape) -> None:
    shape.follow(Constant(250.0, 10), one_user_per_process=True)
    assert shape.ask_at(5) == (3, 100.0)
