"""The load tools that are compared, and the command by which each keeps 32 connections busy."""

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
LONGEST: Final = "600s"
"""Longer than any measurement: tools are ended, they don't end."""
TUTORIAL: Final = "the tutorial script"
READY: Final = "FastHttpUser, ready bodies"
"""The row that compares Locust's faster client with this suite's: neither builds a body during the run."""


@dataclass(frozen=True)
class Contender:
    """A tool: the name it has in the results, how it is used here, and its command."""

    name: str
    use: str
    command: Callable[[str, Path], list[str]]
    """Called with the service's URL and a folder for what the tool writes."""


def contenders(tools: Path) -> list[Contender]:
    """All tools, this suite first; `tools` is the folder of the benchmark's own programs."""
    return [
        Contender("this suite", "`user: eager`, 32 users, each request recorded, each reply checked", _suite),
        Contender("k6", "32 VUs, a ready body, no checks, replies discarded", _k6(tools / "k6", "k6.js")),
        Contender("k6 with checks", "the same, each reply checked", _k6(tools / "k6", "k6_checking.js")),
        Contender("wrk", "1 thread, a ready body", _wrk),
        Contender("hey", "32 workers, a ready body", _hey),
        Contender(
            READY, "the bodies that this suite sends, no checks but the status", _locust("fast_ready.py")
        ),
        Contender("FastHttpUser", "one Faker for all, a new record each time", _locust("fast_faker.py")),
        Contender(TUTORIAL, "HttpUser, a new Faker in every task", _locust("tutorial.py")),
    ]


def _suite(host: str, folder: Path) -> list[str]:
    module = [sys.executable, "-m", "loadtests"]
    return [*module, "--scenario", str(EAGER), "--host", host, "--out", str(folder / "runs")]


def _locust(file: str) -> Callable[[str, Path], list[str]]:
    def command(host: str, _: Path) -> list[str]:
        users = ["-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "-t", LONGEST]
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
    return ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", LONGEST, "-s", script, host + PATH]


def _hey(host: str, _: Path) -> list[str]:
    load = ["-c", str(CONNECTIONS), "-z", LONGEST, "-m", "POST", "-T", "application/json", "-d", BODY]
    return ["hey", *load, host + PATH]
