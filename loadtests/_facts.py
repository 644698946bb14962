"""Gather what is known of a run's circumstances: the machine, the versions, the commit, the command."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil

PACKAGES: Final = ("locust", "gevent", "httptools", "numpy", "pyarrow", "scikit-learn", "rest-model-service")
PROJECT: Final = Path(__file__).resolve().parent.parent


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape the figures."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """The generator's machine."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return {
        "system": platform.platform(terse=True),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory_gib:.0f} GiB",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def git_commit() -> str | None:
    """The project's commit, with `+` behind it where files differ from it; None outside a checkout."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()


def command_typed() -> str:
    """The command that started the run, as one would type it."""
    return os.environ.get("LOADTEST_COMMAND") or shlex.join(["locust", *sys.argv[1:]])
