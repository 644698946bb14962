"""`model-loadtest`: one command whose first word says what to do."""

from __future__ import annotations

import sys
import tomllib
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Final

from loadtests.cli.load_test import run_command_line
from loadtests.recording.processes import IS_CHECKOUT, PROJECT
from reports.rendering.streams import make_output_safe

PROGRAM: Final = "model-loadtest"
DISTRIBUTION: Final = "model-load-tests"
LOAD_TESTS: Final = {
    "run": ((), "run a load test and judge it"),
    "web": (("--web",), "the same from Locust's web UI"),
    "worker": (("--worker",), "generate load for a master elsewhere"),
    "check": (("--check",), "validate a scenario and draw its load; nothing is sent"),
    "list": (("--list",), "print the scenarios"),
}
"""The words before the others of `python -m loadtests`, and what that does."""
REPORTS: Final = {
    "show": (("show",), "print the verdict of a recorded run, judged anew"),
    "report": (("write", "show"), "write its report and tables anew, then print the verdict"),
}
"""The commands of `python -m reports`, one after the other, for a run's folder."""
ELSEWHERE: Final = {
    "init": ("loadtests.scaffolding.command", "write a scenario for the service at a URL"),
    "history": ("reports.history.command", "show the runs in a folder, and where their figures changed"),
    "ab": ("loadtests.comparing.turns", "run two versions of a service in turns, then compare them"),
    "capacity": ("loadtests.searching.command", "find the highest rate that meets the objectives"),
    "plan": ("capacity.plan_command", "say how many replicas a peak needs, by a measured capacity"),
    "compare": ("reports.comparison.command", "compare two versions by their recorded runs"),
    "autoscale": ("loadtests.rehearsing.command", "ask an autoscaler's manifest if it keeps up with a load"),
}
"""Modules with a function `main(arguments, program) -> exit code`, imported only if asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    make_output_safe()
    word, *rest = _check(sys.argv[1:] if arguments is None else arguments)
    if word in ("check", "list"):
        rest = _read_small(word, rest)
    if word in LOAD_TESTS:
        return run_command_line([*LOAD_TESTS[word][0], *rest], f"{PROGRAM} {word}")
    if word in REPORTS:
        return _report(word, rest)
    code: int = import_module(ELSEWHERE[word][0]).main(rest, PROGRAM)
    return code


def find_version() -> str:
    """The version of this project, installed or in a checkout."""
    if not IS_CHECKOUT:
        return version(DISTRIBUTION)
    return str(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _check(arguments: Sequence[str]) -> Sequence[str]:
    """The words typed, if the first is a command; otherwise the process ends with a message."""
    told = {**LOAD_TESTS, **REPORTS, **ELSEWHERE}
    lines = "\n".join(f"  {word:<10}{text}" for word, (_, text) in told.items())
    parser = ArgumentParser(
        prog=PROGRAM,
        usage="%(prog)s COMMAND ...",
        description="Load-test a model service and judge it.",
        epilog=f"commands:\n{lines}\n\n{PROGRAM} COMMAND --help tells the options of a command.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{DISTRIBUTION} {find_version()}")
    parser.add_argument("command", choices=told, metavar="COMMAND", help="one of those below")
    parser.parse_args(arguments[:1])
    return arguments


def _read_small(word: str, arguments: Sequence[str]) -> list[str]:
    """The arguments of a command with few of them; otherwise the process ends with a message."""
    text = LOAD_TESTS[word][1]
    parser = ArgumentParser(prog=f"{PROGRAM} {word}", description=f"{text[0].upper()}{text[1:]}.")
    if word == "check":
        parser.add_argument("scenario", help="its name, or a YAML file")
        parser.add_argument("--processes", type=int, help="how many would generate the load")
    options = parser.parse_args(arguments)
    if word == "list":
        return []
    return [options.scenario, *([] if options.processes is None else ["--processes", str(options.processes)])]


def _report(word: str, arguments: Sequence[str]) -> int:
    from reports.__main__ import main as run_reports

    commands, text = REPORTS[word]
    parser = ArgumentParser(prog=f"{PROGRAM} {word}", description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("run", nargs="?", default="results/latest", help="its folder (default: %(default)s)")
    run: str = parser.parse_args(arguments).run
    for command in commands:
        if code := run_reports([command, run]):
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
