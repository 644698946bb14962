"""One calm line while a headless run goes on; plain lines, now and then, where the output is no terminal."""

from __future__ import annotations

import shutil
import sys
from typing import Final, NamedTuple, TextIO

import gevent

from loadtests.recording.run import Run
from reports.data.quantities import counted, duration, number

TERMINAL_PERIOD_S: Final = 1.0
PLAIN_PERIOD_S: Final = 10.0


class Progress(NamedTuple):
    """What the line tells."""

    stage: str
    elapsed_s: float
    planned_s: float | None
    users: int | None
    """None in the open model, where nobody is a user."""
    rate: float
    p99_ms: float | None
    errors: int
    kept: int
    known: int

    @property
    def line(self) -> str:
        """`3 users · 1 min 12 s of 4 min 30 s · 3 users · 3.0 requests/s · ≈ p99 4.2 ms · 0 errors · ...`."""
        total = f" of {duration(self.planned_s)}" if self.planned_s is not None else ""
        parts = [
            self.stage,
            duration(self.elapsed_s) + total,
            *([] if self.users is None else [counted(self.users, "user")]),
            f"{self.rate:.1f} requests/s",
        ]
        if self.p99_ms is not None:
            parts.append(f"p99 ≈ {number(self.p99_ms)} ms")
        parts.append(counted(self.errors, "error"))
        if self.known:
            parts.append(f"{self.kept} of {self.known} met")
        return " · ".join(dict.fromkeys(parts))


def fitting(line: str, width: int) -> str:
    """The line without the last of its parts that `width` columns have no room for."""
    while len(line) > width and " · " in line:
        line = line.rpartition(" · ")[0]
    return line[:width]


def progress(run: Run) -> Progress:
    """The state of a run at this moment."""
    t_s, stages, planned_s = run.elapsed_s, run.facts.stages, run.facts.planned_s
    total = run.live.compute_totals()
    kept = [standing.kept for standing in run.live.list_standings(t_s) if standing.kept is not None]
    return Progress(
        stage=next((stage.name for stage in stages if t_s < stage.end_s), stages[-1].name),
        elapsed_s=t_s if planned_s is None else min(t_s, planned_s),
        planned_s=planned_s,
        users=run.users if run.facts.model == "closed" else None,
        rate=run.live.estimate_rate(t_s),
        p99_ms=total.p99_ms,
        errors=total.errors,
        kept=sum(kept),
        known=len(kept),
    )


class ProgressLine:
    """Print a run's progress now and then until stopped."""

    def __init__(self, run: Run, out: TextIO = sys.stderr) -> None:
        self._run = run
        self._out = out
        self._redraws = out.isatty()
        self._greenlet = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Print no more; leave the line."""
        self._greenlet.kill()
        if self._redraws:
            self._out.write("\r\033[K")
            self._out.flush()

    def _watch(self) -> None:
        while True:
            gevent.sleep(TERMINAL_PERIOD_S if self._redraws else PLAIN_PERIOD_S)
            self._print(progress(self._run).line)

    def _print(self, line: str) -> None:
        if self._redraws:
            self._out.write("\r\033[K" + fitting(line, shutil.get_terminal_size().columns - 1))
        else:
            self._out.write(line + "\n")
        self._out.flush()
