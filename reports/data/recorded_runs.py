"""Reads what was written of each run in a folder of runs: facts, verdict and totals, without its samples."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from reports.data.facts import Facts
from reports.data.folder import FolderError, read_facts

ALL: Final = "all"
"""In stats.csv, the endpoint of a row about all endpoints, and the stage of a row about all stages."""
REPORT_FILE: Final = "report.html"
VERDICTS: Final = ("pass", "fail", "invalid")


@dataclass(frozen=True)
class RecordedRun:
    """A judged run: its folder's name, its facts, its verdict in a word and a sentence, and its totals.

    `totals` holds the columns of stats.csv that are numbers, over everything that is judged.
    """

    name: str
    facts: Facts
    verdict: str
    sentence: str
    totals: Mapping[str, float]
    has_report: bool


class UnreadableRun(NamedTuple):
    """A folder whose run can't be told, and why."""

    name: str
    reason: str


class RecordedRuns(NamedTuple):
    """The runs in a folder in the order in which they began, and the folders that can't be told."""

    runs: tuple[RecordedRun, ...]
    unreadable: tuple[UnreadableRun, ...]


def read_recorded_runs(folder: Path) -> RecordedRuns:
    """What was written of each run in `folder`: its verdict.json and stats.csv, nothing is judged anew.

    A link to another folder in it, such as `latest`, is no run of its own. Raises `FolderError` if there is
    no such folder.
    """
    if not folder.is_dir():
        raise FolderError(f"There is no folder {folder}; name one that holds runs, such as results.")
    runs, unreadable = [], []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_dir() or _leads_beside(path):
            continue
        try:
            runs.append(_read_recorded_run(path))
        except (FolderError, OSError) as error:
            unreadable.append(UnreadableRun(path.name, str(error)))
    return RecordedRuns(
        tuple(sorted(runs, key=lambda run: (run.facts.started_at, run.name))), tuple(unreadable)
    )


def _leads_beside(path: Path) -> bool:
    return path.is_symlink() and path.resolve().parent == path.parent.resolve()


def _read_recorded_run(folder: Path) -> RecordedRun:
    facts = read_facts(folder)
    verdict, sentence = _read_verdict(folder, facts)
    return RecordedRun(
        folder.name, facts, verdict, sentence, _read_totals(folder), (folder / REPORT_FILE).is_file()
    )


def _read_verdict(folder: Path, facts: Facts) -> tuple[str, str]:
    path = folder / "verdict.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        verdict, sentence = told["verdict"], told["sentence"]
    except FileNotFoundError:
        state = "the run goes on, or was killed" if facts.ended_s is None else "the run was not judged"
        raise FolderError(
            f"{path} is missing: {state}. To judge it: python -m reports write {folder}"
        ) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise FolderError(f"{path} holds no verdict ({type(error).__name__}: {error}).") from error
    if verdict not in VERDICTS or not isinstance(sentence, str):
        raise FolderError(f"{path} holds no verdict, expected one of {', '.join(VERDICTS)}.")
    return verdict, sentence


def _read_totals(folder: Path) -> Mapping[str, float]:
    path = folder / "stats.csv"
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["endpoint"] == row["stage"] == ALL]
    except FileNotFoundError:
        raise FolderError(f"{path} is missing. To write it: python -m reports write {folder}") from None
    except (KeyError, ValueError, csv.Error, OSError) as error:
        raise FolderError(f"{path} can't be read ({type(error).__name__}: {error}).") from error
    if not rows:
        raise FolderError(f"{path} holds no row about the whole run.")
    # A stage and an endpoint may be named "all" too; the row about the whole run is the last one.
    numbers = {name: _read_number(cell) for name, cell in rows[-1].items() if isinstance(name, str)}
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def _read_number(cell: object) -> float:
    """The number in a cell; NaN if it holds none."""
    try:
        return float(cell) if isinstance(cell, str) else math.nan
    except ValueError:
        return math.nan
