"""Gathers the facts of a run: scenario, target, machine, versions, command."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil

from configuration.scenario import Scenario
from loadtests.client.readiness import describe_service
from loadtests.client.target import Target
from loadtests.recording.content_digests import digest_contents
from loadtests.recording.processes import IS_CHECKOUT, PROJECT
from loadtests.recording.settings import RunSettings
from reports.data.checkpoints import compute_checkpoints_s
from reports.data.facts import Facts
from reports.figures.dispersion import compute_dispersions
from shapes.recorded import Recorded

ENDLESS_S: Final = 1e9
"""In run.json the end of a stage that has no planned end."""
PACKAGES: Final = (
    "model-load-tests",
    "locust",
    "gevent",
    "httptools",
    "numpy",
    "pyarrow",
    "scikit-learn",
    "rest-model-service",
)
CPU_INFO: Final = Path("/proc/cpuinfo")
"""Names the processor, on Linux."""
LATEST: Final = "latest"
"""The link beside the folders of runs to the newest one that was judged."""


def gather_facts(
    scenario: Scenario, stated: Scenario, settings: RunSettings, target: Target, host: str, workers: int
) -> Facts:
    """The facts of a run that begins now; `stated` is the scenario as written, before a calibration."""
    facts = Facts(
        scenario=scenario.name,
        description=scenario.description,
        model=scenario.load.model,
        host=host,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        stages=tuple(replace(stage, end_s=min(stage.end_s, ENDLESS_S)) for stage in scenario.stages),
        objectives=tuple(str(objective) for objective in scenario.objectives),
        plan=scenario.make_plan(),
        planned_s=scenario.planned_s,
        expected=scenario.expected,
        turn_starts=scenario.traffic.turn_starts,
        logins=tuple(step.endpoint.name for step in scenario.traffic.login),
        recorded_dispersion=_compute_recorded_dispersion(scenario),
        generator=asdict(scenario.generator),
        confidence=scenario.confidence,
        require_proof=settings.require_proof,
        resolved=stated.resolve(),
        time_scale=settings.time_scale,
        seeds=scenario.seeds,
        contents=digest_contents(scenario),
        service=describe_service(target),
        versions=find_versions(),
        machine=describe_machine(),
        git_commit=find_commit(),
        command=find_command(),
        workers=workers,
        note=settings.note,
        trace_link=settings.trace_link,
        slow_ms=settings.slow_ms,
        exporters=settings.exporters,
        load_override=scenario.load_override,
    )
    if settings.stop_when_decided and compute_checkpoints_s(facts):
        return replace(facts, early_end=True)
    return facts


def _compute_recorded_dispersion(scenario: Scenario) -> dict[str, float] | None:
    """Of the arrivals as they were recorded, at the speed of the scenario; None without a recording."""
    profile = scenario.load.profile
    if not isinstance(profile, Recorded):
        return None
    return compute_dispersions(profile.times_s / profile.speed, profile.duration_s)


def find_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape the figures."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def describe_machine() -> dict[str, str]:
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
        lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def find_commit() -> str | None:
    """The commit of the project, with `+` appended if files differ from it; None outside a checkout."""
    if not IS_CHECKOUT:
        return None
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()


def find_command() -> str:
    """The command that started the run, as typed."""
    return os.environ.get("LOADTEST_COMMAND") or shlex.join(["locust", *sys.argv[1:]])
