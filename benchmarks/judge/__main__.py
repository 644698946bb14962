"""`python -m benchmarks.judge`: simulate all cells, then write benchmarks/results/judge.json and judge.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final

from benchmarks.judge.foretelling import foretell_need
from benchmarks.judge.judging import judge_process
from benchmarks.judge.looks import compare_looks
from benchmarks.judge.page import COLUMNS, render_page
from benchmarks.judge.processes import PROCESSES
from benchmarks.judge.results import JudgeResults, SimulatedCell

NAME: Final = "judge"
RUNS: Final = 10_000
MOST_RUNS: Final = 2_000
"""For what needs many lengths or looks a run."""
FORETOLD: Final = ("independent", "AR(1), 0.5", "AR(1), 0.9", "M/M/1 at 0.5")
LOOKED_AT: Final = (*FORETOLD[:3], "M/M/1 at 0.7", "stalls of 5 requests")
USED: Final = (2.0, 1.0, 0.5, 0.1)
"""Of what the limit permits."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _build_parser().parse_args(arguments)
    stored, page = options.out / f"{NAME}.json", options.out / f"{NAME}.md"
    if options.draw and not stored.exists():
        print(f"{stored} is not there: simulate first, without --draw", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    keep = (options.draw or options.resume) and stored.exists()
    results = JudgeResults.read(stored) if keep else JudgeResults(())
    for requests, percent in () if options.draw else COLUMNS:
        for process in PROCESSES:
            known = results.find(process.name, requests, percent)
            if known is not None and known.runs >= options.runs:
                continue
            counts = judge_process(process, requests, percent, options.runs)
            results = results.put(SimulatedCell(process.name, requests, percent, counts))
            results.write(stored)
            print(f"{process.name}, {requests:,} requests, p{percent:g}: {counts}", flush=True)
    if not options.draw:
        results = _simulate_rest(results, options.runs, stored)
    page.write_text(render_page(results), encoding="utf-8")
    print(f"written: {page}")
    return 0


def _simulate_rest(results: JudgeResults, runs: int, stored: Path) -> JudgeResults:
    """Add what unproven runs foretell, and the looks of an early end, with `MOST_RUNS` runs at most."""
    runs = min(runs, MOST_RUNS)
    for process in (each for each in PROCESSES if each.name in FORETOLD):
        if not any(each.process == process.name and each.runs >= runs for each in results.foretold):
            results = results.put_foretold(foretell_need(process, runs))
            results.write(stored)
    for process, used in product((each for each in PROCESSES if each.name in LOOKED_AT), USED):
        known = results.find_looks(process.name, used)
        if known is None or known.runs < runs:
            results = results.put_looks(compare_looks(process, used, runs))
            results.write(stored)
    return results


def _read_runs(text: str) -> int:
    runs = int(text)
    if runs < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1 run, not {runs}")
    return runs


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.judge",
        description="Judge simulated runs whose truth is known, and count how often the judge is wrong.",
    )
    add = parser.add_argument
    add("--runs", type=_read_runs, default=RUNS, metavar="N", help=f"runs of each cell (default: {RUNS:,})")
    add("--resume", action="store_true", help="keep the cells in judge.json that have as many runs already")
    add("--draw", action="store_true", help="simulate nothing: write the page again from judge.json")
    add("--out", type=Path, default=Path("benchmarks/results"), metavar="DIR", help="where the results go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
