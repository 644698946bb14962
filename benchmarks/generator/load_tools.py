"""The load tools that are compared, and the command with which each keeps 32 connections busy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONNECTIONS: Final = 32
PATH: Final = "/api/models/insurance_charges_model/prediction"
BODY: Final = '{"age":42,"sex":"female","bmi":24.0,"children":2,"smoker":false,"region":"northwest"}'
HERE: Final = Path(__file__).parent
EAGER: Final = HERE / "eager.yaml"
RUN_LIMIT: Final = "600s"
"""Longer than any measurement: each tool is killed at the end of its window."""
TUTORIAL: Final = "the tutorial script"
READY: Final = "FastHttpUser, ready bodies"
"""The row that compares HTTP clients only: neither tool builds a body during the run."""


@dataclass(frozen=True)
class LoadTool:
    """A load tool: its name in the results, how it is used here, and its command."""

    name: str
    use: str
    command: Callable[[str, Path], list[str]]
    """Called with the URL of the service and a folder for the files of the tool."""


def list_load_tools(programs: Path) -> list[LoadTool]:
    """Return all tools, this suite first; `programs` is the folder with k6."""
    return [
        LoadTool("this suite", "`user: eager`, 32 users, each request recorded, each reply checked", _suite),
        LoadTool("k6", "32 VUs, a ready body, no checks, replies discarded", _k6(programs / "k6", "k6.js")),
        LoadTool("k6 with checks", "the same, each reply checked", _k6(programs / "k6", "k6_checking.js")),
        LoadTool("wrk", "1 thread, a ready body", _wrk),
        LoadTool("hey", "32 workers, a ready body", _hey),
        LoadTool(
            READY, "the bodies that this suite sends, no checks but the status", _locust("fast_ready.py")
        ),
        LoadTool("FastHttpUser", "one Faker for all, a new record each time", _locust("fast_faker.py")),
        LoadTool(TUTORIAL, "HttpUser, a new Faker in every task", _locust("tutorial.py")),
    ]


def _suite(host: str, folder: Path) -> list[str]:
    module = [sys.executable, "-m", "loadtests"]
    return [*module, "--scenario", str(EAGER), "--host", host, "--out", str(folder / "runs")]


def _locust(file: str) -> Callable[[str, Path], list[str]]:
    def command(host: str, _: Path) -> list[str]:
        users = ["-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "-t", RUN_LIMIT]
        module = [sys.executable, "-m", "locust", "-f", str(HERE / "peers" / file)]
        return [*module, "--host", host, "--headless", "--only-summary", *users]

    return command


def _k6(program: Path, file: str) -> Callable[[str, Path], list[str]]:
    def command(host: str, _: Path) -> list[str]:
        quiet = ["-q", "--no-usage-report", "--address", ""]
        return [str(program), "run", *quiet, "-e", f"HOST={host}", str(HERE / "peers" / file)]

    return command


def _wrk(host: str, _: Path) -> list[str]:
    script = str(HERE / "peers" / "wrk.lua")
    return ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", RUN_LIMIT, "-s", script, host + PATH]


def _hey(host: str, _: Path) -> list[str]:
    load = ["-c", str(CONNECTIONS), "-z", RUN_LIMIT, "-m", "POST", "-T", "application/json", "-d", BODY]
    return ["hey", *load, host + PATH]
