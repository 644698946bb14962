"""`python -m loadtests`: runs a load test, and exits with the code of its verdict."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from reports.rendering.streams import make_output_safe

ELSEWHERE: Final = {
    "init": "loadtests.scaffolding.command",
    "ab": "loadtests.comparing.turns",
    "capacity": "loadtests.searching.command",
    "plan": "capacity.plan_command",
    "autoscale": "loadtests.rehearsing.command",
}
"""Modules of the commands that are no load test; a load test needs nothing of them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    make_output_safe()
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in ELSEWHERE:
        code: int = import_module(ELSEWHERE[words[0]]).main(words[1:])
        return code
    from loadtests.cli.load_test import run_command_line  # a signal may come in the second that this takes

    return run_command_line(words)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of an import
    sys.exit(main())
