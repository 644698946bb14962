"""Processor time is that of the whole tree, and a process that ends early says why."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from benchmarks.generator.processes import ProcessEndedError, start_pinned

pytestmark = [pytest.mark.real, pytest.mark.extended]

BURN_S = 0.3
BURN = f"""
import time
while time.process_time() < {BURN_S}: pass
"""
SLEEP = "time.sleep(60)\n"
PARENT = """
import subprocess, sys, time
subprocess.run([sys.executable, "-c", {child!r}])
time.sleep(60)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(2400):
        if condition():
            return
        pause.wait(0.05)
    pytest.fail("it never happened")


@pytest.mark.parametrize("child", [BURN, BURN + SLEEP], ids=["reaped", "alive"])
def test_the_time_of_children_counts(tmp_path: Path, require: Callable[..., None], child: str) -> None:
    """The parent itself does nothing; when the block ends nobody of the tree is left."""
    require("taskset")
    with start_pinned([sys.executable, "-c", PARENT.format(child=child)], 0, tmp_path) as process:
        wait_for(lambda: process.cpu_s() >= 0.9 * BURN_S)  # the kernel counts in ticks
        tree = process.tree()
    psutil.wait_procs(tree, timeout=60)
    assert not any(each.is_running() for each in tree)


def test_a_process_that_ended_is_told_with_its_last_words(
    tmp_path: Path, require: Callable[..., None]
) -> None:
    require("taskset")
    with start_pinned([sys.executable, "-c", "raise SystemExit('no such option')"], 0, tmp_path) as process:
        wait_for(lambda: not process.tree() or process.tree()[0].status() == psutil.STATUS_ZOMBIE)
        with pytest.raises(ProcessEndedError, match="ended with 1: no such option"):
            process.check_alive()
