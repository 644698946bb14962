"""Writes Locust's own tables and page, for comparison, with a label that says how they differ."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TextIO

from locust.env import Environment
from locust.html import get_html_report
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV

from reports.data.csv_cells import CsvValue, defuse_formula

LABEL = """These files are Locust's own, kept for comparison.

Locust rounds response times before it counts them (to 1 ms below 100 ms, to 10 ms below 1 s, to 100 ms below
10 s), counts failed requests among the response times, and buckets the rate by whole seconds. The figures of
the run, computed from every request as it was measured, are in the folder above: report.html, verdict.json,
stats.csv and timeline.csv.
"""


def write_locust_files(environment: Environment, folder: Path) -> None:
    """Write requests.csv, failures.csv, exceptions.csv and report.html as Locust would."""
    folder.mkdir(exist_ok=True)
    tables = StatsCSV(environment, PERCENTILES_TO_REPORT)
    _write_table(folder / "requests.csv", tables.requests_csv)
    _write_table(folder / "failures.csv", tables.failures_csv)
    _write_table(folder / "exceptions.csv", tables.exceptions_csv)
    (folder / "report.html").write_text(
        get_html_report(environment, show_download_link=False), encoding="utf-8"
    )
    (folder / "README.txt").write_text(LABEL, encoding="utf-8")


def _write_table(path: Path, write: Callable[[Any], None]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        write(_Writer(file))


class _Writer:
    """Writes rows as `csv.writer` does; names of requests and texts of errors can't be formulas."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)

    def writerow(self, row: Iterable[CsvValue]) -> None:
        """Write one row."""
        self._writer.writerow([defuse_formula(value) for value in row])
