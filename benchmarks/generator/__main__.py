"""`python -m benchmarks.generator`: measure all tools in alternation, then write the page and the picture."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.generator.contenders import contenders
from benchmarks.generator.measuring import NullService, Window, measure, null_service
from benchmarks.generator.page import write_page
from benchmarks.generator.processes import PROJECT, EndedError
from benchmarks.generator.profile import profile
from benchmarks.generator.punctuality import measure_lateness
from benchmarks.generator.recording import recording_us
from benchmarks.generator.results import Results
from loadtests.recording.facts import describe_machine

SERVICE_CORE: Final = 0
GENERATOR_CORE: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    out = Path(options.out)
    if options.draw:
        write_page(Results.read(out / "generator.json"), out)
        return 0
    tools = Path(options.tools).resolve()
    if missing := _missing(tools):
        print(missing, file=sys.stderr)
        return 2
    out.mkdir(parents=True, exist_ok=True)
    try:
        with null_service(tools, SERVICE_CORE) as service:
            results = _measure(options, tools, service)
    except EndedError as error:
        print(error, file=sys.stderr)
        return 1
    results.write(out / "generator.json")
    write_page(results, out)
    print(f"written: {out / 'generator.md'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generator",
        description="Requests per second of processor time: this suite, k6, wrk, hey, and plain Locust.",
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, metavar="N", help="how often each tool is measured (default: 5)")
    add("--window", type=float, default=10.0, metavar="S", help="seconds observed each time (default: 10)")
    add("--warm-up", type=float, default=3.0, metavar="S", help="seconds before them (default: 3)")
    add("--tools", default=".venv-bench/bin", metavar="DIR", help="where granian and k6 are")
    add("--out", default="benchmarks/results", metavar="DIR", help="where the results go")
    add("--draw", action="store_true", help="measure nothing: draw anew what generator.json holds")
    return parser


def _missing(tools: Path) -> str | None:
    """What to do before anything can be measured; None when all is there."""
    if (os.cpu_count() or 1) < 2:
        return "this needs two cores, one for the generator and one for the service"
    if absent := [name for name in ("granian", "k6") if not (tools / name).exists()]:
        return f"{', '.join(absent)}: not in {tools}; make bench-generator installs them"
    if absent := [name for name in ("wrk", "hey", "taskset") if shutil.which(name) is None]:
        packages = " ".join("util-linux" if name == "taskset" else name for name in absent)
        return f"{', '.join(absent)}: not on this machine; apt-get install {packages}"
    return None


def _measure(options: argparse.Namespace, tools: Path, service: NullService) -> Results:
    contending = contenders(tools)
    windows: dict[str, list[Window]] = {contender.name: [] for contender in contending}
    for number in range(options.rounds):
        for contender in contending:
            window = measure(contender, service, GENERATOR_CORE, options.warm_up, options.window)
            windows[contender.name].append(window)
            print(
                f"{number + 1} {contender.name:16} {window.per_cpu_second:10,.0f} requests/CPU-s", flush=True
            )
    return Results(
        facts=_facts(tools),
        uses={contender.name: contender.use for contender in contending},
        windows=windows,
        recording_us=[recording_us() for _ in range(options.rounds)],
        lateness=measure_lateness(service, GENERATOR_CORE),
        profile=profile(service, GENERATOR_CORE),
    )


def _facts(tools: Path) -> dict[str, str]:
    here = describe_machine()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{here['processor']}, {here['cores']} cores, {here['memory']}, {here['system']}",
        "versions": ", ".join(_versions(tools)),
    }


def _versions(tools: Path) -> list[str]:
    programs = {
        "k6": [str(tools / "k6"), "version"],
        "granian": [str(tools / "granian"), "--version"],
        "wrk": ["dpkg-query", "--show", "--showformat", "wrk ${Version}", "wrk"],
        "hey": ["dpkg-query", "--show", "--showformat", "hey ${Version}", "hey"],
    }
    told = [f"Python {sys.version.split()[0]}"]
    told += [f"{name} {version(name)}" for name in ("locust", "gevent", "Faker")]
    return told + [said for command in programs.values() if (said := _said(command))]


def _said(command: list[str]) -> str:
    """The first line a command prints, without what stands in brackets; empty where it can't be run."""
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0].partition("(")[0].strip()


if __name__ == "__main__":
    sys.exit(main())
