"""Have a finished run judged and its report written, in a process of its own; read the verdict."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from gevent import subprocess

from loadtests.recording.facts import PROJECT

Verdict = dict[str, Any]
"""What verdict.json holds."""

PASS, FAIL, USAGE, INVALID, INTERNAL = 0, 1, 2, 3, 4
MEANINGS: Final = {
    PASS: "verdict: pass",
    FAIL: "verdict: fail",
    USAGE: "no verdict: nothing was run",
    INVALID: "verdict: invalid",
    INTERNAL: "no verdict: internal error",
}
EXIT_CODES: Final = {"pass": PASS, "fail": FAIL, "invalid": INVALID}


class JudgingError(Exception):
    """The judging process failed; the message is the last thing it said."""


def judge(folder: Path) -> Verdict:
    """Write the verdict, tables and report into `folder`; return the verdict."""
    done = run_reports("write", str(folder))
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise JudgingError(f"judging {folder} failed: {said[-1]}")
    verdict: Verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    return verdict


def run_reports(*arguments: str, calmly: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `python -m reports`; `calmly` where a load goes on beside it, which comes first.

    The process is apart so that SciPy and matplotlib never sit beside the load, and in a session of its
    own so that a Ctrl-C meant for the load test doesn't reach it.
    """
    nice = ["nice", "-n", "19"] if calmly and shutil.which("nice") else []
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if calmly else {}
    return subprocess.run(
        [*nice, sys.executable, "-m", "reports", *arguments],
        env={**os.environ, **threads, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
    )


def exit_code(verdict: Verdict | None) -> int:
    """The process's exit code for a verdict; without one something broke inside."""
    return INTERNAL if verdict is None else EXIT_CODES[verdict["verdict"]]


def last_line(code: int) -> str:
    """What the command line ends with: `make` knows only 0 and 2."""
    return f"{MEANINGS[code]} (exit code {code})"
