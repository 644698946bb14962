"""The suite's locustfile with a sampling profiler of its processor time.

The kernel interrupts the process after every 4 ms of processor time (ITIMER_PROF), and the stack of the main
thread is counted. Waiting, for replies or for a core, costs no processor time and is not sampled. At the end
of the run the stacks are written to the file that SAMPLES names, one per line:
`outermost;...;innermost count`.
"""

import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from locust import events

from benchmarks.generator.frames import describe_stack
from loadtests.locustfile import *  # noqa: F403 - a locustfile is known by the names in it

PERIOD_S = 0.004

_stacks: Counter[str] = Counter()


def count_stack(_: int, frame: FrameType | None) -> None:
    """Count the interrupted stack."""
    _stacks[describe_stack(frame)] += 1


@events.test_start.add_listener
def start_sampling(**_: Any) -> None:
    """Start sampling."""
    signal.signal(signal.SIGPROF, count_stack)
    signal.setitimer(signal.ITIMER_PROF, PERIOD_S, PERIOD_S)


@events.test_stopping.add_listener
def stop_sampling(**_: Any) -> None:
    """Stop sampling and write the counts."""
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    lines = [f"{stack} {count}\n" for stack, count in _stacks.most_common()]
    Path(os.environ["SAMPLES"]).write_text("".join(lines), encoding="utf-8")
