"""The suite's locustfile, and a sampler beside it: in which frames the processor time is spent.

The kernel interrupts the process after every few milliseconds of processor time (ITIMER_PROF), and what the
main thread was doing is counted. Time spent waiting, be it for replies or for a core, is in no sample. When
the run ends the file that SAMPLES names is written, a stack a line: `outermost;...;innermost count`.
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
    """Count the stack that was interrupted."""
    _stacks[describe_stack(frame)] += 1


@events.test_start.add_listener
def begin(**_: Any) -> None:
    """Sample from now on."""
    signal.signal(signal.SIGPROF, count_stack)
    signal.setitimer(signal.ITIMER_PROF, PERIOD_S, PERIOD_S)


@events.test_stopping.add_listener
def end(**_: Any) -> None:
    """Sample no more, and write."""
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    lines = [f"{stack} {count}\n" for stack, count in _stacks.most_common()]
    Path(os.environ["SAMPLES"]).write_text("".join(lines), encoding="utf-8")
