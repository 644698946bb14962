"""A generator starved on purpose ends invalid: its figures say nothing about the service."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.extended]


def take_the_core_from(pid: int, times: int) -> None:
    """Keep a process from running for a quarter of a second, again and again, as a greedy neighbour would.

    It may end meanwhile, on a machine where these pauses take longer.
    """
    pause = threading.Event()
    with suppress(ProcessLookupError):
        for _ in range(times):
            os.kill(pid, signal.SIGSTOP)
            pause.wait(0.25)
            os.kill(pid, signal.SIGCONT)
            pause.wait(0.25)


def test_a_generator_that_is_kept_from_running_is_not_believed(
    start: Callable[..., Any], scenario_file: Callable[..., str], obedient: Any
) -> None:
    """The service answers at once all the while; the objective is missed by the generator's fault alone."""
    file = scenario_file("{rate: [{constant: 100/s, for: 8s}]}", "[p99 latency <= 100 ms]", generator="{}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host)
    suite.until_requests(obedient, 50)
    listed = subprocess.run(["pgrep", "--parent", str(suite.process.pid)], capture_output=True, text=True)
    take_the_core_from(int(listed.stdout), times=12)
    suite.wait()
    assert suite.code == 3, suite.said
    verdict = suite.verdict
    assert verdict["verdict"] == "invalid", "never fail, though the objective is missed"
    assert verdict["objectives"][0]["outcome"] == "missed"
    said = " ".join(suite.said.split())
    assert "ms late at p99, limit 20 ms: the generator could not keep its schedule" in said
    assert "the event loop of the generator stood still for more than 100 ms in" in said
    assert "use --processes 2, or generate the load from a second machine" in said
