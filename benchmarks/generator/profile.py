"""What the suite's processor time is made of."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.generator.contenders import EAGER
from benchmarks.generator.measuring import NullService
from benchmarks.generator.processes import PROJECT

LOCUSTFILE: Final = Path(__file__).parent / "sampled.py"
TIME_SCALE: Final = 0.025
"""Of the ten minutes that the scenario would last, a quarter of one."""
RECEIVING: Final = "waking up and receiving: the event loop, the kernel"
OTHER: Final = "everything else"
PARTS: Final = {
    "_try_send (loadtests/client/sockets.py": "sending: the kernel",
    "receive (loadtests/client/sockets.py": RECEIVING,
    "gevent/hub.py": RECEIVING,
    "loadtests/client/sockets.py": "the client: parsing, its deadline",
    "loadtests/client/connection.py": "the client: parsing, its deadline",
    "loadtests/traffic/replies.py": "checking replies",
    "loadtests/recording/live.py": "live figures",
    "loadtests/recording/recorder.py": "recording: packing, writing",
    "loadtests/recording/sample_writer.py": "recording: packing, writing",
    "loadtests/recording/writer.py": "recording: packing, writing",
    "locust/stats.py": "Locust's statistics",
    "locust/runners.py": "Locust's statistics",
    "locust/event.py": "Locust's event",
    "loadtests/traffic/sender.py": "the users' own loop",
    "loadtests/traffic/users.py": "the users' own loop",
}
"""A sample belongs to the innermost frame that is named here, by a part of its description."""


def profile(service: NullService, core: int) -> dict[str, float]:
    """The share of each part in the suite's processor time, while it keeps the service busy from a core."""
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples.txt"
        suite = ["-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--calm", "--host", service.host]
        options = ["--scenario", str(EAGER), "--time-scale", str(TIME_SCALE), "--out", folder]
        subprocess.run(
            ["taskset", "--cpu-list", str(core), sys.executable, *suite, *options],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "SAMPLES": str(samples)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return shares(samples.read_text(encoding="utf-8").splitlines())


def shares(lines: Iterable[str]) -> dict[str, float]:
    """Each part's share of the samples, the largest first; lines are `outermost;...;innermost count`."""
    counts: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        counts[part_of(stack)] += int(count)
    return {part: count / counts.total() for part, count in counts.most_common()}


def part_of(stack: str) -> str:
    """The part a stack belongs to, by its innermost frame that is known."""
    for frame in reversed(stack.split(";")):
        for known, part in PARTS.items():
            if known in frame:
                return part
    return OTHER
