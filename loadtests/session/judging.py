"""Has a finished run judged and its report written by another process, and reads the verdict."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any, Final

from gevent import subprocess

from loadtests.recording.processes import build_python_command, build_python_environment
from loadtests.recording.settings import NO_PAGE

VerdictJson = dict[str, Any]
"""What verdict.json holds."""


logger = logging.getLogger(__name__)

EXPORT_FAILED: Final = "--export "
"""Begins what the judging process says of an exporter that failed; the verdict stands."""
LEFT_OUT: Final = "left out "
"""Begins what it says of a file that could not be written; the verdict stands, too."""


class JudgingError(Exception):
    """The judging process failed; the message is its last line."""


def judge_folder(folder: Path) -> VerdictJson:
    """Write verdict, tables and, unless `NO_PAGE` is set, the report into `folder`; return the verdict."""
    done = run_reports("write", str(folder), *(["--no-page"] if os.environ.get(NO_PAGE) else []))
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise JudgingError(f"judging {folder} failed: {said[-1]}")
    for line in done.stderr.splitlines():
        if line.startswith((EXPORT_FAILED, LEFT_OUT)):
            logger.warning(line)
    verdict: VerdictJson = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    return verdict


def run_reports(*arguments: str, nice: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `python -m reports`; `nice` while a load goes on, which comes first.

    It is another process, so that matplotlib is never loaded beside the load, and another process
    session, so that a Ctrl-C meant for the load test does not reach it.
    """
    command = ["nice", "-n", "19"] if nice and shutil.which("nice") else []
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if nice else {}
    return subprocess.run(
        [*command, *build_python_command("reports", *arguments)],
        env={**build_python_environment(), **threads, "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
