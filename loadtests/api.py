"""Load tests from Python: run a scenario, read a recorded run, judge it.

    from loadtests.api import run_scenario

    result = run_scenario("smoke", "http://127.0.0.1:8000")
    assert result.passed, result.describe()

A run is made by other processes, as by `python -m loadtests`: neither Locust nor gevent is loaded here. What
can't be run raises `LoadTestError`, whose text is what the command line would have said.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtests.cli.child_run import NothingRunError, run_load_test
from reports.data.folder import FolderError
from reports.data.folder import read_run as read_folder
from reports.data.run import Run
from reports.figures.figures import Figures, StageFigures
from reports.figures.reasons import FailureCount
from reports.figures.summary import summarise
from reports.judging.judgement import Judgement
from reports.judging.outcomes import VerdictWord
from reports.judging.verdict import Verdict
from reports.judging.verdict import judge_run as judge
from reports.objectives.parsing import ObjectiveError
from reports.rendering.terminal import format_verdict

__all__ = ["LoadTestError", "LoadTestResult", "Run", "judge_run", "read_run", "run_scenario"]

WIDTH: Final = 100


class LoadTestError(Exception):
    """Nothing was run, or nothing can be read; the message says why and what to do."""


@dataclass(frozen=True)
class LoadTestResult:
    """A judged run. Times are in the units that names and objectives tell."""

    folder: Path
    """Where the run and its report are kept."""
    verdict: VerdictWord
    """'pass', 'fail' or 'invalid'."""
    exit_code: int
    """That of the command line: 0, 1 or 3."""
    sentence: str
    reasons: tuple[str, ...]
    objectives: tuple[Judgement, ...]
    """Each with its text, what was observed, the limit, and met, missed or unproven."""
    failures: tuple[FailureCount, ...]
    """Why requests failed, the most frequent reason first."""
    figures: Figures
    """Over all judged requests."""
    stages: tuple[StageFigures, ...]
    _judged: Verdict

    @property
    def passed(self) -> bool:
        """Whether the verdict is 'pass'."""
        return self.verdict == "pass"

    def describe(self) -> str:
        """The verdict with its objectives, as the terminal shows it, without colours."""
        report = self.folder / "report.html"
        return format_verdict(self._judged, False, WIDTH, str(report) if report.exists() else None)


def run_scenario(
    scenario: str | Path | Mapping[str, Any],
    host: str | None = None,
    *,
    out: str | Path = "results",
    name: str = "scenario",
    objectives: Sequence[str] = (),
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> LoadTestResult:
    """Run a scenario, wait for its end, and judge it.

    `scenario` is a name, the path of a YAML file, or what such a file holds; files that a mapping names are
    given by absolute paths, and `name` is what its runs are called. `host` is the URL of the service; None
    starts the suite's own. `options` are further words of the command line, such as `["--processes", "2"]`;
    `environment` replaces variables, such as LOADTEST_HEADERS.

    Raises LoadTestError if nothing was run. An interruption (KeyboardInterrupt) stops the load test first.
    """
    with tempfile.TemporaryDirectory(prefix="load-test-") as temporary:
        words = ["--scenario", _find_scenario(scenario, name, Path(temporary)), "--out", str(out)]
        words += [] if host is None else ["--host", host]
        words += [word for objective in objectives for word in ("--objective", objective)]
        try:
            folder, _ = run_load_test([*words, *options], environment or {})
        except NothingRunError as error:
            raise LoadTestError(str(error)) from None
    return judge_run(read_run(folder))


def read_run(folder: str | Path) -> Run:
    """The run that was recorded in `folder`, or in the folder that `results/latest` leads to.

    Raises LoadTestError if there is none.
    """
    try:
        return read_folder(Path(folder).resolve())
    except FolderError as error:
        raise LoadTestError(str(error)) from None


def judge_run(run: Run) -> LoadTestResult:
    """The verdict on a run and its figures; nothing is written.

    Raises LoadTestError if one of its objectives is not known here.
    """
    try:
        summary = summarise(run)
        verdict = judge(run, summary.stages)
    except ObjectiveError as error:
        raise LoadTestError(str(error)) from None
    return LoadTestResult(
        folder=run.folder,
        verdict=verdict.verdict,
        exit_code=verdict.exit_code,
        sentence=verdict.sentence,
        reasons=verdict.reasons,
        objectives=verdict.objectives,
        failures=verdict.failures,
        figures=summary.total,
        stages=summary.stages,
        _judged=verdict,
    )


def _find_scenario(scenario: str | Path | Mapping[str, Any], name: str, folder: Path) -> str:
    """The name or path for the command line; a mapping is written as a file, for JSON is YAML."""
    if not isinstance(scenario, Mapping):
        return str(scenario)
    if not name.strip() or Path(name).name != name:
        raise LoadTestError(f"{name!r} can't name a run: give a name without slashes")
    file = folder / f"{name}.yaml"
    try:
        file.write_text(json.dumps(scenario), encoding="utf-8")
    except TypeError as error:
        raise LoadTestError(f"the scenario {name!r} holds what no YAML file can: {error}") from None
    return str(file)
