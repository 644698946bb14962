"""The parts of a crosscheck: the load that all tools put on, and each tool's command for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.crosscheck.plan import Plan
from benchmarks.crosscheck.reading import Reading, read_k6, read_suite, read_wrk
from configuration.scenario import Scenario

HERE: Final = Path(__file__).parent
SUITE: Final = "this suite"
WRK: Final = "wrk"
K6: Final = "k6"
WARM_UP_S: Final = 2.0
"""Of this suite's own users, who come one after the other."""


@dataclass(frozen=True)
class Part:
    """Either so many `connections` that never pause, or the `rate` of the scenario's steady part."""

    scenario: Scenario
    plan: Plan
    connections: int | None = None

    @property
    def name(self) -> str:
        """What it is called in the results."""
        if self.connections is None:
            return f"{self.scenario.name}: {self.plan.rate:g} requests/s"
        return f"{self.scenario.name}: {self.connections} connections, no pause"


@dataclass(frozen=True)
class Command:
    """What is run, and how its figures are read once it has ended."""

    words: Sequence[str]
    read: Callable[[str], Reading]
    """Called with what it wrote to its standard output."""
    environment: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[int, ...] = (0,)
    """Exit codes with which it has done its work."""


def commands(part: Part, host: str, folder: Path, seconds: float, programs: Path) -> dict[str, Command]:
    """What each tool is told, by its name; `folder` is for their files. wrk knows no rates."""
    plan = folder / "plan.json"
    part.plan.write(plan)
    told = {SUITE: _suite(part, host, folder, seconds)}
    if part.connections is not None:
        told[WRK] = _wrk(part, host, plan.with_suffix(".jsonl"), seconds)
    told[K6] = _k6(part, host, plan, seconds, programs / "k6")
    return told


def _suite(part: Part, host: str, folder: Path, seconds: float) -> Command:
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(_steady(part, seconds)), encoding="utf-8")
    module = [sys.executable, "-m", "loadtests", "--scenario", str(file)]
    return Command(
        [*module, "--host", host, "--out", str(folder / "runs")],
        lambda _: read_suite((folder / "runs" / "latest").resolve()),
        codes=(0, 1, 3),
    )


def _steady(part: Part, seconds: float) -> dict[str, Any]:
    """The scenario with the same requests and this part's load; without a pause no objective is asked for."""
    values = part.scenario.resolve()
    users = part.connections
    level: str | int = f"{part.plan.rate:.12g}/s" if users is None else users
    load: dict[str, Any] = {
        "warm_up": [{"constant": level, "for": f"{WARM_UP_S:g}s"}],
        ("rate" if users is None else "users"): [{"constant": level, "for": f"{seconds:g}s"}],
    }
    if users is None:
        load["spacing"] = "constant"
        values["traffic"].pop("user", None)
    else:
        values["traffic"]["user"] = "eager"
        values["objectives"] = ["error rate <= 100 %"]
    values.pop("abort", None)
    return values | {"load": load}


def _wrk(part: Part, host: str, bodies: Path, seconds: float) -> Command:
    whole_s = max(round(seconds), 1)
    load = ["-t", "1", "-c", str(part.connections), "-d", f"{whole_s}s"]
    load += ["--timeout", f"{part.plan.timeout_s:g}s"]
    script = ["-s", str(HERE / "wrk.lua"), host + part.plan.path]
    return Command(["wrk", *load, *script], read_wrk, {"BODIES": str(bodies)})


def _k6(part: Part, host: str, plan: Path, seconds: float, program: Path) -> Command:
    summary = plan.with_name("k6.json")
    load = f"RATE={part.plan.rate:g}" if part.connections is None else f"VUS={part.connections}"
    variables = [f"HOST={host}", f"PLAN={plan}", f"DURATION={seconds:g}s", load]
    asked = [word for each in variables for word in ("-e", each)]
    quiet = ["-q", "--no-color", "--no-usage-report", "--address", ""]
    return Command(
        [str(program), "run", *quiet, *asked, "--summary-export", str(summary), str(HERE / "single.js")],
        lambda _: read_k6(summary),
        codes=(0, 99),  # 99: a threshold was crossed
    )
