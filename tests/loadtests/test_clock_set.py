"""Setting the clock of the machine changes no duration: a run lasts as planned, with all its requests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.extended]

STEPS = """
import itertools, os, time
told, steps = time.time, itertools.count(1)
def set_again():
    is_set = os.path.exists(os.environ["SET_NOW"])
    return told() + (float(os.environ["STEP_S"]) * next(steps) if is_set else 0.0)
time.time = set_again
"""
"""Python imports it first in each process: once a file is there, the clock is set whenever it is read."""


@pytest.mark.parametrize(("step_s", "processes"), [(3600, 2), (-3600, 1)])
def test_a_clock_that_is_set_during_the_load_is_not_noticed(
    start: Callable[..., Any],
    scenario_file: Callable[..., str],
    obedient: Any,
    tmp_path: Path,
    step_s: int,
    processes: int,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(STEPS)
    now = tmp_path / "now"
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    environment = {"PYTHONPATH": path, "STEP_S": str(step_s), "SET_NOW": str(now)}
    file = scenario_file("{rate: [{constant: 20/s, for: 6s}]}", "[error rate <= 100 %]")
    words = ("--scenario", file, "--host", obedient.host, "--processes", str(processes))
    suite = start("loadtests", *words, environment=environment)
    suite.until_requests(obedient, 10)
    now.touch()
    suite.wait()
    assert suite.code == 0, suite.said
    assert suite.facts["interrupted"] is None
    assert suite.facts["ended_s"] == pytest.approx(6, abs=1.5)
    assert suite.facts["requests"] == len(obedient.bodies)
