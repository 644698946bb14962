"""What the suite's processor time is made of, as py-spy sees it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.generator.contenders import Contender
from benchmarks.generator.measuring import NullService, first_answer, observe
from benchmarks.generator.processes import running

WAITING: Final = "the event loop"
OTHER: Final = "everything else"
PARTS: Final = {
    "_try_send (loadtests/_wire.py": "sending: the kernel's TCP",
    "receive (loadtests/_wire.py": "receiving: the kernel's TCP, and waking up",
    "loadtests/_client.py": "the client: parsing, its deadline",
    "loadtests/_replies.py": "checking replies",
    "loadtests/_live.py": "live figures",
    "loadtests/_recorder.py": "recording: packing, writing",
    "locust/stats.py": "Locust's statistics",
    "locust/runners.py": "Locust's statistics",
    "locust/event.py": "Locust's event",
    "loadtests/_sending.py": "the users' own loop",
    "loadtests/_users.py": "the users' own loop",
    "gevent/hub.py": WAITING,
}
"""A sample belongs to the innermost frame that is named here, by a part of what py-spy prints of it."""
SETTLING_S: Final = 2.0


def profile(
    contender: Contender, service: NullService, spy: Path, core: int, seconds: int
) -> dict[str, float] | None:
    """The share of each part in the tool's processor time; None where py-spy is not allowed to look.

    py-spy samples the wall clock, so the loop's samples hold its waiting too. How much that is was observed
    just before, unspied on, and is taken off.
    """
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks.txt"
        with running(contender.command(service.host, Path(folder)), core, Path(folder)) as process:
            first_answer(service, process)
            busiest = max(process.tree(), key=lambda each: sum(each.cpu_times()[:2]))
            time.sleep(SETTLING_S)
            busy = observe(service, process, seconds).busy
            command = [str(spy), "record", "--idle", "--format", "raw", "--rate", "100"]
            spied = subprocess.run(
                [*command, "--duration", str(seconds), "--output", str(stacks), "--pid", str(busiest.pid)],
                capture_output=True,
            )
        return None if spied.returncode else shares(stacks.read_text().splitlines(), busy)


def shares(lines: Iterable[str], busy: float) -> dict[str, float]:
    """Each part's share of the processor time, the largest first.

    `lines` are stacks of the wall clock, `outermost;...;innermost count`; `busy` is the share of that time
    which the process spent on a processor.
    """
    counts: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        if "gevent/threadpool.py" not in stack:
            counts[part_of(stack)] += int(count)
    total = counts.total()
    counts[WAITING] = max(0, counts[WAITING] - round((1.0 - busy) * total))
    worked = counts.total()
    return {part: count / worked for part, count in counts.most_common() if count}


def part_of(stack: str) -> str:
    """The part a stack belongs to, by its innermost frame that is known."""
    for frame in reversed(stack.split(";")):
        for known, part in PARTS.items():
            if known in frame:
                return part
    return OTHER
