"""How often a comparison is wrong, and what it finds: `python -m benchmarks.comparison`.

Simulated services are compared with themselves and with slower ones. `--real N` instead makes N
comparisons of two real services by `model-loadtest ab`, which takes minutes each, and adds them to those
made before. Writes comparison.json and comparison.md beside the results of the other benchmarks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.comparison.page import format_results
from benchmarks.comparison.real import SETTINGS, compare_real
from benchmarks.comparison.simulating import (
    SERVICES,
    ComparisonCounts,
    compare_in_rounds,
    compare_runs,
    disturb_at_random,
    disturb_in_step,
)
from loadtests.recording.facts import describe_machine

RESULTS: Final = Path(__file__).parents[1] / "results"
DELAYS: Final = (0.0, 0.05, 0.2)
FIGURES: Final = ("p50 latency", "p95 latency", "p99 latency")
REQUESTS: Final = 20_000
ROUND_REQUESTS: Final = 5_000
DISTURBED: Final = 500
"""Comparisons a cell on a disturbed machine."""
DISTURBED_REQUESTS: Final = 2_000
DISTURBED_ROUNDS: Final = (3, 5, 8)
SEED: Final = 20261122


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison", description=__doc__)
    parser.add_argument("--comparisons", type=int, default=200, metavar="N", help="a cell (default: 200)")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="where results are kept")
    parser.add_argument("--real", type=int, metavar="N", help="so many comparisons of real services instead")
    parser.add_argument(
        "--delay", type=float, default=0.0, metavar="PERCENT", help="how much slower the real candidate is"
    )
    parser.add_argument(
        "--draw", action="store_true", help="write the page from the results; measure nothing"
    )
    options = parser.parse_args(arguments)
    file = options.out / "comparison.json"
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if options.real:
        _add_real(options.out, kept, options.real, options.delay / 100.0)
    elif not options.draw:
        kept |= {
            "machine": describe_machine(),
            "requests": REQUESTS,
            "round_requests": ROUND_REQUESTS,
            "simulated": measure_simulated(options.comparisons),
            "disturbed_requests": DISTURBED_REQUESTS,
            "disturbed": measure_disturbed(DISTURBED * options.comparisons // 200),
        }
    _write(options.out, kept)
    return 0


def _add_real(out: Path, kept: dict[str, Any], comparisons: int, delay: float) -> None:
    """Compare real services and keep each comparison as soon as it is made; those of other settings go."""
    real = kept.get("real", {})
    if real.get("settings") != SETTINGS:
        real = {"machine": describe_machine(), "settings": SETTINGS, "comparisons": []}
    kept["real"] = real
    made = real["comparisons"]
    for number, each in enumerate(compare_real(comparisons, delay, len(made)), start=1):
        made.append(each)
        _write(out, kept)
        print(f"{number} of {comparisons}: {each['sentence']}", file=sys.stderr, flush=True)


def _write(out: Path, kept: dict[str, Any]) -> None:
    (out / "comparison.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (out / "comparison.md").write_text(format_results(kept), encoding="utf-8")


def measure_simulated(comparisons: int) -> list[dict[str, Any]]:
    """A row for each service, design and delay."""
    rows = []
    for place, service in enumerate(SERVICES):
        for delay in DELAYS:
            print(f"{service}, {delay:.0%}", file=sys.stderr, flush=True)
            single = compare_runs(service, delay, comparisons, REQUESTS, SEED + place)
            rounds = compare_in_rounds(service, delay, comparisons, ROUND_REQUESTS, SEED + place)
            rows += [
                _encode(service, delay, "one run with one", single),
                _encode(service, delay, "5 rounds", rounds),
            ]
    return rows


def measure_disturbed(comparisons: int) -> list[dict[str, Any]]:
    """A row for each machine, design and delay; the service has independent requests."""
    rows = []
    service, requests = next(iter(SERVICES)), DISTURBED_REQUESTS
    for machine, name in ((disturb_at_random, "at random"), (disturb_in_step, "in step")):
        for delay in DELAYS:
            print(f"disturbed {name}, {delay:.0%}", file=sys.stderr, flush=True)
            for runs in (1, 3) if machine is disturb_at_random else ():
                what = f"{runs} runs with {runs}" if runs > 1 else "one run with one"
                found = compare_runs(
                    service, delay, comparisons, requests * 5 // runs, SEED, runs=runs, machine=machine
                )
                rows.append(_encode(name, delay, what, found))
            for rounds in DISTURBED_ROUNDS:
                found = compare_in_rounds(
                    service, delay, comparisons, requests, SEED, rounds=rounds, machine=machine
                )
                rows.append(_encode(name, delay, f"{rounds} rounds", found))
    return rows


def _encode(service: str, delay: float, compared: str, counts: ComparisonCounts) -> dict[str, Any]:
    return {
        "service": service,
        "delay": delay,
        "compared": compared,
        "comparisons": counts.comparisons,
        "any_worse": counts.any_worse,
        **{
            name: {outcome: counts.share(name, outcome) for outcome in ("worse", "not worse", "undecided")}
            for name in FIGURES
        },
    }


if __name__ == "__main__":
    sys.exit(main())
