"""Divides the processor time of this suite's load generator into parts, by sampling its stack."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.generator.load_tools import EAGER
from benchmarks.generator.measuring import NullService
from benchmarks.generator.processes import PROJECT

LOCUSTFILE: Final = Path(__file__).parent / "sampled.py"
TIME_SCALE: Final = 0.025
"""Shortens the ten minutes of the scenario to 15 seconds."""
RECEIVING: Final = "waking up and receiving: the event loop, the kernel"
OTHER: Final = "everything else"
PARTS: Final = {
    "_try_send (loadtests/client/sockets.py": "sending: the kernel",
    "receive (loadtests/client/sockets.py": RECEIVING,
    "gevent/hub.py": RECEIVING,
    "loadtests/client/": "the client: parsing, its deadline",
    "loadtests/answers/check.py": "checking replies",
    "loadtests/answers/server_timing.py": "checking replies",
    "loadtests/recording/live.py": "live figures",
    "loadtests/recording/": "recording: packing, writing",
    "locust/stats.py": "Locust's statistics",
    "locust/runners.py": "Locust's statistics",
    "locust/event.py": "Locust's event",
    "loadtests/traffic/": "the users' own loop",
}
"""By a piece of a frame's description; the innermost frame with one counts, and in it the first one."""


def profile_generator(service: NullService, core: int) -> dict[str, float]:
    """Run this suite on one core against the service; return the share of each part of its processor time."""
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
        return share_by_part(samples.read_text(encoding="utf-8").splitlines())


def share_by_part(lines: Iterable[str]) -> dict[str, float]:
    """Return each part's share of the samples, largest first; a line is `outermost;...;innermost count`."""
    counts: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        counts[find_part(stack)] += int(count)
    return {part: count / counts.total() for part, count in counts.most_common()}


def find_part(stack: str) -> str:
    """Return the part of a stack's innermost frame that is listed in `PARTS`."""
    for frame in reversed(stack.split(";")):
        for known, part in PARTS.items():
            if known in frame:
                return part
    return OTHER
