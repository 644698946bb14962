"""The counts of all simulated cells, stored as JSON; the page is computed from them only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.judge.foretelling import NeedForetold
from benchmarks.judge.judging import Counts
from benchmarks.judge.looks import LookedAt, LooksCompared


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
    foretold: tuple[NeedForetold, ...] = ()
    looks: tuple[LooksCompared, ...] = ()

    def find(self, process: str, requests: int, percent: float) -> Counts | None:
        """The counts of a cell; None if it was not simulated."""
        key = process, requests, percent
        return next((cell.counts for cell in self.cells if cell.key == key), None)

    def put(self, cell: SimulatedCell) -> JudgeResults:
        """These results with `cell` in place of the one of the same key."""
        return replace(self, cells=(*(each for each in self.cells if each.key != cell.key), cell))

    def find_looks(self, process: str, used: float) -> LooksCompared | None:
        """The looks at one process; None if they were not simulated."""
        return next((each for each in self.looks if (each.process, each.used) == (process, used)), None)

    def put_looks(self, looks: LooksCompared) -> JudgeResults:
        """These results with `looks` in place of those at the same process."""
        key = looks.process, looks.used
        others = (each for each in self.looks if (each.process, each.used) != key)
        return replace(self, looks=(*others, looks))

    def put_foretold(self, foretold: NeedForetold) -> JudgeResults:
        """These results with `foretold` in place of that of the same process."""
        others = (each for each in self.foretold if each.process != foretold.process)
        return replace(self, foretold=(*others, foretold))

    def write(self, path: Path) -> None:
        """Write the JSON file, a cell a line."""
        lists: dict[str, Sequence[SimulatedCell | NeedForetold | LooksCompared]] = {
            "cells": self.cells,
            "foretold": self.foretold,
            "looks": self.looks,
        }
        parts = (
            f'"{name}": [\n' + ",\n".join(f" {json.dumps(asdict(each))}" for each in listed) + "\n]"
            for name, listed in lists.items()
        )
        path.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> JudgeResults:
        """Read a file that `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            tuple(SimulatedCell(**{**cell, "counts": Counts(**cell["counts"])}) for cell in values["cells"]),
            tuple(
                NeedForetold(**{**each, "foretold": tuple(each["foretold"])})
                for each in values.get("foretold", ())
            ),
            tuple(
                LooksCompared(**{**each, **{rule: LookedAt(**each[rule]) for rule in ("planned", "anytime")}})
                for each in values.get("looks", ())
            ),
        )
