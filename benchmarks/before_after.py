"""Compares an older checkout with this one in alternation: `python -m benchmarks.before_after OLD`.

In each round both checkouts are measured directly after each other, in an order that alternates from round to
round, so that slow periods of the machine hit both. Measured are what a request costs the load generator,
against the null service of `benchmarks.generator`, and the throughput of the service under wrk. OLD needs the
model of this checkout: link its folder `models`.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.generator.load_tools import list_load_tools
from benchmarks.generator.measuring import NullService, measure_tool, start_null_service
from benchmarks.generator.processes import PROJECT, ProcessEndedError
from benchmarks.service.services import PATH, list_services
from benchmarks.service.serving import (
    LOAD_CORE,
    RECORDS,
    SERVICE_CORE,
    WrongPredictionError,
    make_records,
    run_wrk,
    start_service,
    write_bodies,
)
from loadtests.recording.facts import describe_machine
from reports.data.quantities import format_count, format_number
from service.model.insurance import InsuranceChargesModel
from service.model.model_file import MODEL_PATH, ModelFileError

BEFORE: Final = "before"
AFTER: Final = "after"
CONNECTIONS: Final = 32
SIGNIFICANCE: Final = 0.1
"""A difference with a smaller p-value in the sign test is more than noise: 5 of 5 rounds, 8 of 9."""

Figures = Mapping[str, float]
"""One checkout in one round, by the name of the figure; larger is better."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    checkouts = {BEFORE: options.old.resolve(), AFTER: PROJECT}
    programs = Path(options.tools).resolve()
    for missing in (_find_missing(options.old), _find_missing_programs(programs)):
        if missing:
            print(missing, file=sys.stderr)
            return 2
    try:
        with tempfile.TemporaryDirectory() as folder, start_null_service(programs, SERVICE_CORE) as null:
            rounds = [
                _measure_round(index, checkouts, null, Path(folder), options)
                for index in range(options.rounds)
            ]
    except (ProcessEndedError, WrongPredictionError, ModelFileError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(["", *render_comparison(rounds), "", _describe(checkouts, options)]))
    return 0


def render_comparison(rounds: Sequence[Mapping[str, Figures]]) -> list[str]:
    """Render a table: medians of both checkouts, the ratio in each round, and whether it is noise."""
    lines = [
        "| figure | before | after | after / before | lowest – highest | p | |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for name in rounds[0][BEFORE]:
        before, after = ([each[checkout][name] for each in rounds] for checkout in (BEFORE, AFTER))
        ratios = [new / old for new, old in zip(after, before, strict=True)]
        p = sign_test(ratios)
        cells = [
            name,
            f"{median(before):,.0f}",
            f"{median(after):,.0f}",
            f"{median(ratios):.3f}",
            f"{min(ratios):.3f} – {max(ratios):.3f}",
            format_number(p, 2),
            _conclude(ratios, p),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _conclude(ratios: Sequence[float], p: float) -> str:
    if sign_test([2.0] * len(ratios)) >= SIGNIFICANCE:
        return "too few rounds to tell"
    if p >= SIGNIFICANCE:
        return "unchanged within noise"
    return "better" if median(ratios) > 1 else "worse"


def sign_test(ratios: Sequence[float]) -> float:
    """Return the two-sided p-value that ratios as lopsided around 1 arise by chance; ties are left out."""
    signs = [ratio > 1 for ratio in ratios if ratio != 1]
    fewer = min(sum(signs), len(signs) - sum(signs))
    tail = sum(math.comb(len(signs), count) for count in range(fewer + 1))
    return min(1.0, tail * 0.5 ** (len(signs) - 1))


def order_of_round(index: int) -> tuple[str, str]:
    """Return which checkout is measured first in a round: they take turns."""
    return (BEFORE, AFTER) if index % 2 == 0 else (AFTER, BEFORE)


def _measure_round(
    index: int,
    checkouts: Mapping[str, Path],
    null: NullService,
    folder: Path,
    options: argparse.Namespace,
) -> Mapping[str, Figures]:
    order = order_of_round(index)
    generator = {name: _measure_generator(checkouts[name], null, options) for name in order}
    service = {name: _measure_service(checkouts[name], folder, options) for name in order}
    found = {name: {**generator[name], **service[name]} for name in order}
    for name in (BEFORE, AFTER):
        told = ", ".join(f"{figure} {value:,.0f}" for figure, value in found[name].items())
        print(f"{index + 1} {name:6} {told}", flush=True)
    return found


def _measure_generator(checkout: Path, null: NullService, options: argparse.Namespace) -> Figures:
    suite = list_load_tools(Path(options.tools))[0]
    window = measure_tool(suite, null, LOAD_CORE, options.warm_up, options.window, checkout)
    return {"generator: requests per CPU-second": window.per_cpu_second}


def _measure_service(checkout: Path, folder: Path, options: argparse.Namespace) -> Figures:
    suite = list_services(folder, folder)[0]
    bodies = write_bodies(folder / "bodies.jsonl", list(make_records(RECORDS)))
    with start_service(suite, InsuranceChargesModel(), folder, checkout) as served:
        run_wrk(served, PATH, bodies, CONNECTIONS, options.warm_up)
        found = run_wrk(served, PATH, bodies, CONNECTIONS, options.window)
    return {
        "service: replies/s": found.per_second,
        "service: replies per CPU-second": found.per_cpu_second,
    }


def _find_missing(old: Path) -> str | None:
    """Return why `old` can't be measured, or None."""
    if absent := [name for name in ("loadtests", "service") if not (old / name / "__main__.py").exists()]:
        return f"{old}: no checkout of this project; it has no {' and no '.join(absent)}"
    if not (old / MODEL_PATH).exists():
        return (
            f"{old}: there is no {MODEL_PATH}; link the folder: ln -s {PROJECT / 'models'} {old / 'models'}"
        )
    return None


def _find_missing_programs(programs: Path) -> str | None:
    if not (programs / "granian").exists():
        return f"granian: not in {programs}; make .venv-bench/.ready installs it"
    if absent := [name for name in ("wrk", "taskset") if shutil.which(name) is None]:
        return f"{', '.join(absent)}: not on this machine; apt-get install wrk util-linux"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.before_after", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("old", type=Path, metavar="OLD", help="the folder of the older checkout")
    add("--rounds", type=int, default=5, metavar="N", help="how often each is measured (default: 5)")
    add("--window", type=float, default=10.0, metavar="S", help="seconds measured each time (default: 10)")
    add("--warm-up", type=float, default=3.0, metavar="S", help="seconds of warm-up before (default: 3)")
    add("--tools", default=".venv-bench/bin", metavar="DIR", help="where granian is")
    return parser


def _describe(checkouts: Mapping[str, Path], options: argparse.Namespace) -> str:
    here = describe_machine()
    commits = ", ".join(f"{name} {_read_commit(folder)}" for name, folder in checkouts.items())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {here['processor']}, {here['cores']} cores; {commits}; "
        f"{format_count(options.rounds, 'round')} of {options.window:g} s, medians; p by the two-sided "
        "sign test."
    )


def _read_commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "of no commit"


if __name__ == "__main__":
    sys.exit(main())
