"""`python -m benchmarks.capacity`: simulate searches, then write capacity.json and capacity.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.capacity.page import render_page
from benchmarks.capacity.plain_steps import simulate_steps
from benchmarks.capacity.results import CapacityResults, SearchCounts, SearchedService
from benchmarks.capacity.services import QueuedService, SimulatedService, TokenBucket
from benchmarks.capacity.simulating import simulate_search
from capacity.search import SearchLimits

NAME: Final = "capacity"
SERVICES: Final[tuple[SimulatedService, ...]] = (
    QueuedService(1, 0.01, 150),
    QueuedService(2, 0.02, 150),
    QueuedService(2, 0.02, 2000),
    QueuedService(4, 0.02, 100),
    TokenBucket(100, 10),
)
SEARCHES: Final = 100
"""Of each service."""
TRIAL_S: Final = 120.0
START_SHARES: Final = (0.3, 0.7, 1.0, 1.5)
"""First rates as shares of the capacity, one after the other: a real search doesn't know it either."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _build_parser().parse_args(arguments)
    stored, page = options.out / f"{NAME}.json", options.out / f"{NAME}.md"
    if options.draw and not stored.exists():
        print(f"{stored} is not there: simulate first, without --draw", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    if options.draw:
        results = CapacityResults.read(stored)
    else:
        results = simulate(SERVICES, options.searches, TRIAL_S)
        results.write(stored)
    page.write_text(render_page(results), encoding="utf-8")
    print(f"written: {page}")
    return 0


def simulate(services: Sequence[SimulatedService], searches: int, trial_s: float) -> CapacityResults:
    """The same searches each time, `searches` of each service, and as many rows of plain steps."""
    limits, told = SearchLimits(), []
    for service in services:
        truth = service.capacity_per_s
        starts = [START_SHARES[seed % len(START_SHARES)] * truth for seed in range(searches)]
        found = [simulate_search(service, limits, start, trial_s, seed) for seed, start in enumerate(starts)]
        steps = [simulate_steps(service, truth / 2, seed) for seed in range(searches)]
        told.append(
            SearchedService(
                service.name, truth, SearchCounts.count(found, truth), SearchCounts.count(steps, truth)
            )
        )
        print(told[-1], flush=True)
    return CapacityResults(trial_s, limits.confidence, limits.precision, tuple(told))


def _read_count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1 search, not {count}")
    return count


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capacity",
        description="Search for the capacity of simulated services that is known, and count how often the "
        "bracket holds it.",
    )
    add = parser.add_argument
    add("--searches", type=_read_count, default=SEARCHES, metavar="N", help="of each service (%(default)s)")
    add("--draw", action="store_true", help="simulate nothing: write the page again from capacity.json")
    add("--out", type=Path, default=Path("benchmarks/results"), metavar="DIR", help="where the results go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
