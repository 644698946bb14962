"""`python -m benchmarks.service`: measure all services in alternation, then write page and picture."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.generator.processes import ProcessEndedError
from benchmarks.service.measuring import ServiceBenchmark, WindowLengths
from benchmarks.service.page import write_page
from benchmarks.service.results import ServiceResults
from benchmarks.service.services import PEERS
from benchmarks.service.serving import WrongPredictionError
from loadtests.recording.facts import describe_machine
from service.model.model_file import ModelFileError

QUIET_LOAD: Final = 0.7


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    out = Path(options.out)
    if not options.draw and (missing := _find_missing()):
        print(missing, file=sys.stderr)
        return 2
    out.mkdir(parents=True, exist_ok=True)
    try:
        for results in _measure_rounds(options, out / "service.json"):
            results.write(out / "service.json")
            write_page(results, out)
    except FileNotFoundError as error:
        print(f"{error.filename} is not there: measure first, without --draw or --soak", file=sys.stderr)
        return 2
    except (ProcessEndedError, WrongPredictionError, ModelFileError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"written: {out / 'service.md'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.service",
        description="Requests a second and latency on one core: this service, its peers, and the limits.",
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, metavar="N", help="how often each service is measured (default: 5)")
    add("--seconds", type=float, default=10.0, metavar="S", help="wrk's window (default: 10)")
    add("--open-seconds", type=float, default=20.0, metavar="S", help="the open model's window (default: 20)")
    add("--peers", default=".venv-bench", metavar="DIR", help="where the peers' environments are")
    add("--out", default="benchmarks/results", metavar="DIR", help="where the results go")
    add(
        "--soak",
        type=float,
        metavar="M",
        help="measure only the memory, for M minutes, and add it to service.json",
    )
    add("--draw", action="store_true", help="measure nothing: write page and picture again from service.json")
    return parser


def _find_missing() -> str | None:
    """Return what is missing for a measurement and how to get it, or None."""
    if (os.cpu_count() or 1) < 2:
        return "this needs two cores, one for the service and one for the load"
    if absent := [name for name in ("wrk", "taskset") if shutil.which(name) is None]:
        packages = " ".join("util-linux" if name == "taskset" else name for name in absent)
        return f"{', '.join(absent)}: not on this machine; apt-get install {packages}"
    return None


def _measure_rounds(options: argparse.Namespace, file: Path) -> Iterator[ServiceResults]:
    """Yield the results after each round, so that an interrupted run keeps its complete rounds."""
    if options.draw:
        yield ServiceResults.read(file)
        return
    load = os.getloadavg()[0]
    peers = Path(options.peers).resolve()
    with tempfile.TemporaryDirectory() as folder:
        bench = ServiceBenchmark(peers, Path(folder), WindowLengths(options.seconds, options.open_seconds))
        if options.soak is not None:
            yield ServiceResults.read(file).with_soak(bench.watch_memory(options.soak))
            return
        for number in range(options.rounds):
            bench.measure(number)
            facts = _describe_setup(options, peers, load)
            yield ServiceResults(facts, bench.uses, bench.rounds, bench.batches, bench.absent)


def _describe_setup(options: argparse.Namespace, peers: Path, load: float) -> dict[str, str]:
    here = describe_machine()
    told = [f"Python {sys.version.split()[0]}"]
    told += [f"{name} {version(name)}" for name in ("rest_model_service", "fastapi", "uvicorn", "pydantic")]
    told += [
        f"{name} {found}" for name in PEERS if (found := _read_version(peers / name.lower(), name.lower()))
    ]
    noise = f"Load average {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end"
    quiet = load <= QUIET_LOAD
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{here['processor']}, {here['cores']} cores, {here['memory']}, {here['system']}",
        "versions": ", ".join(told),
        "load": noise + ("." if quiet else ": the machine had other work, which rates and tails show."),
        "window_s": f"{options.seconds:g}",
        "open_s": f"{options.open_seconds:g}",
        "share": "70 %",
    }


def _read_version(environment: Path, name: str) -> str | None:
    found = next(environment.glob(f"lib/python*/site-packages/{name}-*.dist-info"), None)
    return None if found is None else found.name.removeprefix(f"{name}-").removesuffix(".dist-info")


if __name__ == "__main__":
    sys.exit(main())
