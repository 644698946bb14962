"""`python -m benchmarks.stall`: measure, then update docs/what-your-load-test-doesnt-tell-you."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.stall.measuring import HERE, PROJECT, NoFiguresError, compare_load_tests, find_percentile_ms
from benchmarks.stall.page import PERCENTS, compose_title, write_page
from benchmarks.stall.schedule import Stall, StallingService, stalls
from loadtests.recording.facts import describe_machine

SECONDS: Final = 20
SERVICE: Final = StallingService(
    work_s=0.002,
    stalls=stalls(period_s=2.0, length_s=0.2, freeze=Stall(12.0, 14.0), until_s=SECONDS),
)
"""2 ms of work per request, a stall of 200 ms every 2 s, and one freeze of 2 s."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stall",
        description="Load-test a service that stalls, with this suite and with plain Locust.",
    )
    parser.add_argument("--out", default=str(PROJECT / "docs"), metavar="DIR", help="where the document is")
    options = parser.parse_args(arguments)
    try:
        findings = compare_load_tests(SERVICE, HERE / "stall.yaml", SECONDS)
        here = describe_machine()
        write_page(
            findings,
            Path(options.out),
            f"Measured {datetime.now(UTC):%Y-%m-%d} with Locust {version('locust')} on {here['processor']}, "
            f"{here['cores']} cores.",
        )
    except (NoFiguresError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(compose_title(findings))
    for percent in PERCENTS:
        true = find_percentile_ms(findings.true_ms, percent)
        suite = find_percentile_ms(findings.suite_ms, percent)
        said = findings.locust_ms[percent]
        print(f"p{percent:<5g} true {true:8.2f} ms   suite {suite:8.2f} ms   Locust {said:8.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
