"""The load cases of a crosscheck: the load that all tools put on, and each tool's command for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.crosscheck.plan import SteadyPlan
from benchmarks.crosscheck.reading import Reading, read_k6, read_suite, read_wrk
from configuration.scenario import Scenario

HERE: Final = Path(__file__).parent
SUITE: Final = "this suite"
WRK: Final = "wrk"
K6: Final = "k6"
WARM_UP_S: Final = 2.0
"""The warm-up of this suite, whose users start one after the other."""


@dataclass(frozen=True)
class LoadCase:
    """Either a number of `connections` without a pause, or the rate of the scenario's steady part."""

    scenario: Scenario
    plan: SteadyPlan
    connections: int | None = None

    @property
    def name(self) -> str:
        """The name of the case in the results."""
        if self.connections is None:
            return f"{self.scenario.name}: {self.plan.rate:g} requests/s"
        return f"{self.scenario.name}: {self.connections} connections, no pause"


@dataclass(frozen=True)
class ToolCommand:
    """The command of a tool, and how its figures are read after its end."""

    words: Sequence[str]
    read: Callable[[str], Reading]
    """Called with the standard output."""
    environment: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[int, ...] = (0,)
    """Exit codes of a complete measurement."""


def build_commands(
    case: LoadCase, host: str, folder: Path, seconds: float, programs: Path
) -> dict[str, ToolCommand]:
    """Return the command of each tool by its name; their files go to `folder`. wrk has no arrival rate."""
    plan = folder / "plan.json"
    case.plan.write(plan)
    told = {SUITE: _suite_command(case, host, folder, seconds)}
    if case.connections is not None:
        told[WRK] = _wrk_command(case, host, plan.with_suffix(".jsonl"), seconds)
    told[K6] = _k6_command(case, host, plan, seconds, programs / "k6")
    return told


def _suite_command(case: LoadCase, host: str, folder: Path, seconds: float) -> ToolCommand:
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(_steady_scenario(case, seconds)), encoding="utf-8")
    module = [sys.executable, "-m", "loadtests", "--scenario", str(file)]
    return ToolCommand(
        [*module, "--host", host, "--out", str(folder / "runs"), "--no-preflight"],
        lambda _: read_suite((folder / "runs" / "latest").resolve()),
        codes=(0, 1, 3),
    )


def _steady_scenario(case: LoadCase, seconds: float) -> dict[str, Any]:
    """Return the scenario with the load of this case; without a pause it has no real objective."""
    values = case.scenario.resolve()
    users = case.connections
    level: str | int = f"{case.plan.rate:.12g}/s" if users is None else users
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


def _wrk_command(case: LoadCase, host: str, bodies: Path, seconds: float) -> ToolCommand:
    whole_s = max(round(seconds), 1)
    load = ["-t", "1", "-c", str(case.connections), "-d", f"{whole_s}s"]
    load += ["--timeout", f"{case.plan.timeout_s:g}s"]
    script = ["-s", str(HERE / "wrk.lua"), host + case.plan.path]
    return ToolCommand(["wrk", *load, *script], read_wrk, {"BODIES": str(bodies)})


def _k6_command(case: LoadCase, host: str, plan: Path, seconds: float, program: Path) -> ToolCommand:
    summary = plan.with_name("k6.json")
    load = f"RATE={case.plan.rate:g}" if case.connections is None else f"VUS={case.connections}"
    variables = [f"HOST={host}", f"PLAN={plan}", f"DURATION={seconds:g}s", load]
    asked = [word for each in variables for word in ("-e", each)]
    quiet = ["-q", "--no-color", "--no-usage-report", "--address", ""]
    return ToolCommand(
        [str(program), "run", *quiet, *asked, "--summary-export", str(summary), str(HERE / "single.js")],
        lambda _: read_k6(summary),
        codes=(0, 99),  # 99: a threshold was crossed
    )
