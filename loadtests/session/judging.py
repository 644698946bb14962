"""Has a finished run judged and its report written by another process, and reads the verdict."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from gevent import subprocess

from loadtests.recording.facts import PROJECT

VerdictJson = dict[str, Any]
"""What verdict.json holds."""


logger = logging.getLogger(__name__)

EXPORT_FAILED: Final = "--export "
"""Begins what the judging process says of an exporter that failed; the verdict stands."""


class JudgingError(Exception):
    """The judging process failed; the message is its last line."""


def judge_folder(folder: Path) -> VerdictJson:
    """Write the verdict, tables and report into `folder`; return the verdict."""
    done = run_reports("write", str(folder))
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise JudgingError(f"judging {folder} failed: {said[-1]}")
    for line in done.stderr.splitlines():
        if line.startswith(EXPORT_FAILED):
            logger.warning(line)
    verdict: VerdictJson = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    return verdict


def run_reports(*arguments: str, nice: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `python -m reports`; `nice` while a load goes on, which comes first.

    It is another process, so that SciPy and matplotlib are never loaded beside the load, and another process
    session, so that a Ctrl-C meant for the load test does not reach it.
    """
    command = ["nice", "-n", "19"] if nice and shutil.which("nice") else []
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if nice else {}
    return subprocess.run(
        [*command, sys.executable, "-m", "reports", *arguments],
        env={**os.environ, **threads, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
