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
from benchmarks.comparison.real import add_verdicts, compare_real
from benchmarks.comparison.simulating import (
    SERVICES,
    ComparisonCounts,
    compare_in_rounds,
    compare_single_runs,
)
from loadtests.recording.facts import describe_machine

RESULTS: Final = Path(__file__).parents[1] / "results"
DELAYS: Final = (0.0, 0.05, 0.2)
FIGURES: Final = ("p50 latency", "p95 latency", "p99 latency")
REQUESTS: Final = 20_000
ROUND_REQUESTS: Final = 5_000
DRIFT: Final = 0.2
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
        verdicts = compare_real(options.real, options.delay / 100.0)
        kept["real"] = add_verdicts(kept.get("real", {}), options.delay / 100.0, verdicts)
    elif not options.draw:
        kept |= {
            "machine": describe_machine(),
            "requests": REQUESTS,
            "round_requests": ROUND_REQUESTS,
            "drift": DRIFT,
            "simulated": measure_simulated(options.comparisons),
        }
    file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (options.out / "comparison.md").write_text(format_results(kept), encoding="utf-8")
    return 0


def measure_simulated(comparisons: int) -> list[dict[str, Any]]:
    """A row for each service, design and delay."""
    rows = []
    for place, service in enumerate(SERVICES):
        for delay in DELAYS:
            print(f"{service}, {delay:.0%}", file=sys.stderr, flush=True)
            single = compare_single_runs(service, delay, comparisons, REQUESTS, SEED + place)
            rounds = compare_in_rounds(service, delay, comparisons, ROUND_REQUESTS, SEED + place, DRIFT)
            rows += [
                _encode(service, delay, "time", single),
                _encode(service, delay, "rounds", rounds),
            ]
    return rows


def _encode(service: str, delay: float, blocks: str, counts: ComparisonCounts) -> dict[str, Any]:
    return {
        "service": service,
        "delay": delay,
        "blocks": blocks,
        "comparisons": counts.comparisons,
        "any_worse": counts.any_worse,
        **{
            name: {outcome: counts.share(name, outcome) for outcome in ("worse", "not worse", "undecided")}
            for name in FIGURES
        },
    }


if __name__ == "__main__":
    sys.exit(main())
