"""How simulated searches ended, and the form of that in capacity.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final, Self

from benchmarks.capacity.simulating import SimulatedSearch
from reports.data.json_values import read_record

MOST_WIDTH: Final = 1e6
"""Stands for a bracket without one of its ends."""


@dataclass(frozen=True)
class SearchCounts:
    """How searches ended: how many brackets hold the truth; widths are shares of the lower end."""

    searches: int
    covering: int
    median_width: float
    widest: float
    median_trials: float
    median_s: float

    @classmethod
    def count(cls, found: Sequence[SimulatedSearch], capacity_per_s: float) -> Self:
        """Of at least one search."""
        widths = [min(each.bracket.width, MOST_WIDTH) for each in found]
        return cls(
            searches=len(found),
            covering=sum(each.covers(capacity_per_s) for each in found),
            median_width=float(median(widths)),
            widest=max(widths),
            median_trials=float(median(each.trials for each in found)),
            median_s=float(median(each.seconds for each in found)),
        )


@dataclass(frozen=True)
class SearchedService:
    """A service, its true capacity, and how searches and plain steps ended."""

    name: str
    capacity_per_s: float
    search: SearchCounts
    steps: SearchCounts


@dataclass(frozen=True)
class CapacityResults:
    """All services; `trial_s` is the longest time of a trial."""

    trial_s: float
    confidence: float
    precision: float
    services: tuple[SearchedService, ...]

    def write(self, file: Path) -> None:
        """As JSON."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        """ValueError if the file holds something else."""
        found: Self = read_record(cls, json.loads(file.read_text(encoding="utf-8")))
        return found
