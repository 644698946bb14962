"""`python -m loadtests.launch_locust`: Locust, with all of the suite's modules imported before it begins.

Locust puts the current folder and that of the locustfile first on the path. What is imported by then can't be
mistaken for a file of somebody's own that bears the same name.
"""

import signal
import sys
import traceback

if __name__ == "__main__":
    # Until the suite hears signals, Ctrl-C ends the process, and not an import with a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from locust import events
from locust.main import main

from loadtests import locustfile
from loadtests.cli.exit_codes import FAIL, INTERNAL

__all__ = ["locustfile", "main", "run_locust"]


def run_locust() -> int | str | None:
    """Run Locust; return its exit code. 1 means a missed objective, and never an error of Locust's own."""
    ended: list[int] = []
    events.quit.add_listener(lambda exit_code, **_: ended.append(exit_code))
    try:
        main()
    except SystemExit as end:
        return end.code if ended or end.code != FAIL else INTERNAL
    except Exception:
        traceback.print_exc()
        return INTERNAL
    return None


if __name__ == "__main__":
    sys.exit(run_locust())
