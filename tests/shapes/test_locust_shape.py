"""The adapter follows a profile on Locust's clock; run in a process of its own, as Locust patches it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETUP = """
import time
from shapes.locust_shape import ProfileShape
from shapes.profiles import Constant, Ramp
from shapes.sequences import Steps
class Runner:
    worker_count, stopped = 3, 0
    def stop(self): self.stopped += 1
shape = ProfileShape(); shape.runner = Runner()
def at(seconds): shape.start_at(time.perf_counter() - seconds); return shape.tick()
"""


def ask(*lines: str) -> str:
    command = [sys.executable, "-c", "\n".join((SETUP, *lines))]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_users_are_the_level_rounded_and_come_fast() -> None:
    assert ask("shape.follow(Ramp(0, 300, 300))", "print(at(100.3), at(100.7))") == "(100, 300) (101, 300)"
    assert ask("shape.follow(Constant(5, 60))", "print(at(10))") == "(5, 100.0)"


def test_the_end_stops_the_runner_once() -> None:
    assert ask("shape.follow(Constant(5, 60))", "print(at(60), shape.runner.stopped)") == "None 1"


def test_a_stages_edge_is_waited_for() -> None:
    """Half a second before an edge the answer comes at the edge, and is the next level."""
    said = ask("shape.follow(Steps((2, 7), 10))", "print(at(9.5)[0], shape.get_run_time() >= 10)")
    assert said == "7 True"


@pytest.mark.parametrize("duration_s", [0.5, 1.0])
def test_before_the_run_has_begun_nothing_is_waited_for_or_over(duration_s: float) -> None:
    """Locust's first question starts the test; the clock starts when the run's folder is open."""
    said = ask(f"shape.follow(Constant(4, {duration_s}))", "shape.reset_time()", "print(shape.tick()[0])")
    assert said == "4"


def test_on_a_master_the_clock_is_not_set_back() -> None:
    """Locust asks for a reset once more after the run has begun, a moment ahead for its workers' sake."""
    said = ask(
        "shape.follow(Constant(4, 10))",
        "shape.start_at(time.perf_counter() + 1)",
        "shape.reset_time()",
        "print(shape.get_run_time() < -0.9, shape.tick()[0])",
    )
    assert said == "True 4"


def test_in_the_open_model_each_process_has_one_user() -> None:
    assert ask("shape.follow(Constant(250.0, 10), one_user_per_process=True)", "print(at(5))") == "(3, 100.0)"
