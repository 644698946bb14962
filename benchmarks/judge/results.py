"""The counts of all simulated cells, stored as JSON; the page is computed from them only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.judge.judging import Counts


@dataclass(frozen=True)
class SimulatedCell:
    """How runs of one process and length were judged by one percentile."""

    process: str
    requests: int
    percent: float
    counts: Counts

    @property
    def key(self) -> tuple[str, int, float]:
        """What was simulated."""
        return self.process, self.requests, self.percent


@dataclass(frozen=True)
class JudgeResults:
    """All cells; those of one page may have different numbers of runs."""

    cells: tuple[SimulatedCell, ...]

    def find(self, process: str, requests: int, percent: float) -> Counts | None:
        """The counts of a cell; None if it was not simulated."""
        key = process, requests, percent
        return next((cell.counts for cell in self.cells if cell.key == key), None)

    def replace(self, cell: SimulatedCell) -> JudgeResults:
        """These results with `cell` in place of the one of the same key."""
        return JudgeResults((*(each for each in self.cells if each.key != cell.key), cell))

    def write(self, path: Path) -> None:
        """Write the JSON file, a cell a line."""
        lines = ",\n".join(f" {json.dumps(asdict(cell))}" for cell in self.cells)
        path.write_text(f'{{"cells": [\n{lines}\n]}}\n', encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> JudgeResults:
        """Read a file that `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            tuple(SimulatedCell(**{**cell, "counts": Counts(**cell["counts"])}) for cell in values["cells"])
        )
