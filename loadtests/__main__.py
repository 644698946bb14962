"""`python -m loadtests`: runs a load test, and exits with the code of its verdict."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from reports.rendering.streams import make_output_safe


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    make_output_safe()
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["init"]:
        from loadtests.scaffolding.command import main as init  # a load test needs nothing of it

        return init(words[1:])
    if words[:1] == ["ab"]:
        from loadtests.comparing.turns import main as run_turns

        return run_turns(words[1:])
    if words[:1] == ["autoscale"]:
        from loadtests.rehearsing.command import main as ask_autoscaler

        return ask_autoscaler(words[1:])
    from loadtests.cli.load_test import run_command_line  # a signal may come in the second that this takes

    return run_command_line(words)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of an import
    sys.exit(main())
