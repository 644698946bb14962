"""`python -m benchmarks.endurance`: an hour at 500 requests/s; writes the results and their page."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.endurance.measuring import EnduranceError, endure
from benchmarks.endurance.page import render_page
from benchmarks.endurance.results import EnduranceResults
from loadtests.cli.own_service import ServiceError
from loadtests.recording.facts import describe_machine, find_commit
from loadtests.recording.processes import PROJECT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 if everything held, 1 if not, 2 if there was no run."""
    options = _parser().parse_args(arguments)
    out = Path(options.out)
    path = out / "endurance.json"
    if not options.draw:
        try:
            _measure(options.minutes, options.rate).write(path)
        except (EnduranceError, ServiceError, OSError) as error:
            print(error, file=sys.stderr)
            return 2
    results = EnduranceResults.read(path)
    page = render_page(results)
    (out / "endurance.md").write_text(page, encoding="utf-8")
    print(page)
    faults = results.list_faults()
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _measure(minutes: float, rate: float) -> EnduranceResults:
    commit = find_commit()
    facts = {"date": f"{datetime.now(UTC):%Y-%m-%d}", **describe_machine(), "commit": commit or "unknown"}
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
        results = endure(60.0 * minutes, rate, Path(folder), facts)
    if find_commit() != commit:
        facts["commit"] += ", which was changed during the run"
    return replace(results, facts=facts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.endurance", description="Whether anything grows in a long run."
    )
    add = parser.add_argument
    add("--minutes", type=_above_zero, default=60.0, metavar="M", help="how long (default: 60)")
    add("--rate", type=_above_zero, default=500.0, metavar="R", help="requests a second (default: 500)")
    add(
        "--out", default=str(PROJECT / "benchmarks/results"), metavar="DIR", help="where the results are kept"
    )
    add("--draw", action="store_true", help="write the page of the last results again, without measuring")
    return parser


def _above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: give a number above 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
