"""The results of one long run, stored as JSON; judgement and page are computed from them only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from reports.figures.trend import LEAST_VALUES, Trend, mann_kendall

DROPPED_SHARE: Final = 1 / 6
"""The first part of a run, in which caches and pools fill, says nothing of what grows for ever."""
MEMORY_BOUND_MIB: Final = 5.0
"""Growth of a process in an hour that is proven to be more makes the run a failure."""
DESCRIPTORS_BOUND: Final = 6.0
"""The same of open descriptors: one in ten minutes."""
SECONDS_PER_HOUR: Final = 3600.0


class Growth(NamedTuple):
    """One quantity of one process beside its bound, per hour; `first` and `last` end its series."""

    process: str
    quantity: str
    first: float
    last: float
    trend: Trend
    bound: float

    @property
    def word(self) -> str:
        """'grows' above the bound, 'flat' below it, 'open' where the interval holds the bound."""
        if self.trend.low > self.bound:
            return "grows"
        return "flat" if self.trend.high <= self.bound else "open"


@dataclass(frozen=True)
class ProcessSeries:
    """One process, looked at again and again: at `t_s[i]` seconds it had `memory_mib[i]` resident."""

    name: str
    t_s: Sequence[float]
    memory_mib: Sequence[float]
    descriptors: Sequence[float]

    def list_growth(self) -> list[Growth]:
        """Memory and descriptors, without the first sixth."""
        return [
            self._find_growth("memory, MiB", self.memory_mib, MEMORY_BOUND_MIB),
            self._find_growth("descriptors", self.descriptors, DESCRIPTORS_BOUND),
        ]

    def _find_growth(self, quantity: str, values: Sequence[float], bound: float) -> Growth:
        times = np.asarray(self.t_s)
        kept = times >= times[0] + DROPPED_SHARE * (times[-1] - times[0])
        series = np.asarray(values, dtype=np.float64)[kept]
        trend = mann_kendall(series, times[kept] / SECONDS_PER_HOUR)
        return Growth(self.name, quantity, float(series[0]), float(series[-1]), trend, bound)


@dataclass(frozen=True)
class EnduranceResults:
    """What was seen during the run and after it."""

    facts: Mapping[str, str]
    seconds: float
    rate: float
    """Requests planned a second."""
    recorded: int
    """Rows of samples.parquet that were sent."""
    unanswered: int
    """Those of them to which no status line came: the service may have counted them, or may not."""
    counted: int
    """Predictions that the service counted, whatever it answered."""
    outcomes: Mapping[str, int]
    """How many of the recorded rows had each outcome."""
    others_cores: float
    """Mean number of processor cores that other programs kept busy during the load."""
    exit_code: int
    sentence: str
    """The verdict's."""
    commands_s: Mapping[str, float]
    """How long each command over the finished run took, by its words."""
    left: Sequence[str]
    """What was still there afterwards, one sentence each: a process, a port, a temporary file."""
    processes: Sequence[ProcessSeries]

    def list_growth(self) -> list[Growth]:
        """Memory and descriptors of each process."""
        return [growth for each in self.processes for growth in each.list_growth()]

    def list_faults(self) -> list[str]:
        """What didn't hold, one sentence each; empty if everything did."""
        faults = [
            f"{each.process}: {each.quantity} grows by {each.trend.low:.3g} an hour at least, "
            f"more than {each.bound:g}"
            for each in self.list_growth()
            if each.word == "grows"
        ]
        if not self.recorded - self.unanswered <= self.counted <= self.recorded:
            faults.append(
                f"{self.recorded} requests were recorded, {self.unanswered} of them without a reply, but the "
                f"service counted {self.counted}"
            )
        return [*faults, *self.left]

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> EnduranceResults:
        """Read a file that `write` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        processes = [ProcessSeries(**each) for each in values.pop("processes")]
        return cls(processes=processes, **values)


def is_long_enough(series: ProcessSeries) -> bool:
    """Whether what is left without the first sixth can have a trend."""
    return len(series.t_s) * (1 - DROPPED_SHARE) >= LEAST_VALUES + 1
