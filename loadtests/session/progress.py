"""Prints one line of progress while a headless run goes on; without a terminal, a line every 10 s."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Set
from typing import Final, NamedTuple, TextIO

import gevent

from loadtests.recording.run import RunRecording
from loadtests.session.listeners import SessionListener
from reports.data.quantities import format_count, format_duration, format_number
from reports.rendering.streams import can_redraw

TERMINAL_PERIOD_S: Final = 1.0
PLAIN_PERIOD_S: Final = 10.0


class Progress(NamedTuple):
    """The figures of the line."""

    stage: str
    place: tuple[int, int] | None
    """Which stage of how many; None if there is only one."""
    elapsed_s: float
    planned_s: float | None
    users: int | None
    """None in the open model, in which nobody is a user."""
    rate: float
    p99_ms: float | None
    errors: int
    kept: int
    """Objectives met so far."""
    known: int
    """Objectives whose state can be told before the end."""

    @property
    def line(self) -> str:
        """`stage 6 of 9, 4 users · 2 min 39 s of 4 min 30 s · 4.0 requests/s · p99 ≈ 4.2 ms · 0 errors`.

        A part that repeats an earlier one, as where a stage is named after its users, is left out.
        """
        total = f" of {format_duration(self.planned_s)}" if self.planned_s is not None else ""
        users = [] if self.users is None else [format_count(self.users, "user")]
        parts = [
            self.stage if self.place is None else f"stage {self.place[0]} of {self.place[1]}, {self.stage}",
            format_duration(self.elapsed_s) + total,
            *(each for each in users if each != self.stage),
            f"{self.rate:.1f} requests/s",
        ]
        if self.p99_ms is not None:
            parts.append(f"p99 ≈ {format_number(self.p99_ms)} ms")
        parts.append(format_count(self.errors, "error"))
        if self.known:
            parts.append(f"{self.kept} of {self.known} met")
        return " · ".join(parts)


def fit_line(line: str, width: int) -> str:
    """The line without those of its last parts for which `width` columns have no room."""
    while len(line) > width and " · " in line:
        line = line.rpartition(" · ")[0]
    return line[:width]


def measure_progress(run: RunRecording) -> Progress:
    """The progress of a run at this moment."""
    t_s, stages, planned_s = run.elapsed_s, run.facts.stages, run.facts.planned_s
    total = run.live.compute_totals()
    place = next((place for place, stage in enumerate(stages, 1) if t_s < stage.end_s), len(stages))
    names = {stage.name for stage in stages}
    kept = [standing.kept for standing in run.live.list_standings(t_s) if standing.kept is not None]
    return Progress(
        stage=drop_number(stages[place - 1].name, names),
        place=(place, len(stages)) if len(stages) > 1 else None,
        elapsed_s=t_s if planned_s is None else min(t_s, planned_s),
        planned_s=planned_s,
        users=run.users if run.facts.model == "closed" else None,
        rate=run.live.estimate_rate(t_s),
        p99_ms=total.p99_ms,
        errors=total.errors,
        kept=sum(kept),
        known=len(kept),
    )


def drop_number(name: str, names: Set[str]) -> str:
    """The name without the number that tells stages of one name apart: `4 users (2)` is `4 users`."""
    first, _, number = name.rpartition(" (")
    return first if first in names and number[:-1].isdigit() else name


class ProgressLine(SessionListener):
    """Prints the progress of each run."""

    def __init__(self, out: TextIO | None = None) -> None:
        """`out` is standard error unless another one is given."""
        self._out = sys.stderr if out is None else out
        self._redraws = can_redraw(self._out)
        self._greenlet: gevent.Greenlet | None = None

    def run_started(self, run: RunRecording) -> None:
        """Print from now on."""
        self._greenlet = gevent.spawn(self._follow, run)

    def load_stopped(self, _: RunRecording) -> None:
        """Print no more, and remove the line."""
        if self._greenlet is None:
            return
        self._greenlet.kill()
        self._greenlet = None
        if self._redraws:
            self._out.write("\r\033[K")
            self._out.flush()

    def _follow(self, run: RunRecording) -> None:
        while True:
            gevent.sleep(TERMINAL_PERIOD_S if self._redraws else PLAIN_PERIOD_S)
            self._print(measure_progress(run).line)

    def _print(self, line: str) -> None:
        if self._redraws:
            self._out.write("\r\033[K" + fit_line(line, shutil.get_terminal_size().columns - 1))
        else:
            self._out.write(line + "\n")
        self._out.flush()
