"""Ends a run: what became of its plan, its folder, its verdict."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Final

from locust.env import Environment

from loadtests.recording.run import RunRecording
from loadtests.recording.writer import point_latest
from loadtests.session.chosen import ChosenScenario
from loadtests.session.judging import JudgingError, VerdictJson, judge_folder
from loadtests.session.locust_files import write_locust_files
from loadtests.session.planned import count_left_out, describe_missing_arrivals, find_offered_share

logger = logging.getLogger(__name__)

EARLY_S: Final = 0.02
"""An event loop may wake up this much early; whatever ends a run earlier is not its plan."""


def describe_interruption(run: RunRecording, interrupted_by: str | None) -> str | None:
    """What ended the run before its plan did; None if nothing did, or the suite decided so."""
    if run.facts.decided or run.facts.given_up is not None:
        return None
    planned_s = run.facts.planned_s
    if planned_s is None or run.elapsed_s >= planned_s - EARLY_S:
        return None
    return interrupted_by or "stopped by hand"


def close_run(
    run: RunRecording, chosen: ChosenScenario, shares: int, interruption: str | None, environment: Environment
) -> bool:
    """Write what is left to write; return whether the folder could be closed."""
    uncalibrated = chosen.stated.load.calibration is not None and run.facts.capacity_per_s is None
    if not uncalibrated and (missing := describe_missing_arrivals(chosen.scenario, shares, run)):
        run.add_fault(missing)
    try:
        share = partial(find_offered_share, chosen.scenario, count_left_out(run))
        run.close(interruption, share if chosen.is_planned else _know_none)
    except OSError as error:
        reason = error.strerror or error
        logger.error("%s could not be written to its end: %s; the run was not judged", run.folder, reason)
        return False
    _keep_locust_files(environment, run.folder / "locust")
    return True


def _keep_locust_files(environment: Environment, folder: Path) -> None:
    """Write Locust's own files; without room for all of them none is kept: the verdict needs it."""
    try:
        write_locust_files(environment, folder)
    except OSError as error:
        rmtree(folder, ignore_errors=True)
        logger.error("%s was left out: %s", folder, error.strerror or error)


def _know_none(_: int, __: float) -> None:
    """In place of the offered share, where nobody knows what was planned."""


def judge_run(run: RunRecording, log_missed: bool) -> VerdictJson | None:
    """Judge a closed run and let `latest` lead to it; None, with the reason logged, if that fails."""
    try:
        verdict = judge_folder(run.folder)
    except (JudgingError, OSError) as error:
        logger.error(error)
        return None
    try:
        point_latest(run.folder)
    except OSError as error:
        logger.error(error)
    if log_missed:
        for objective in verdict["objectives"]:
            if objective["outcome"] == "missed":
                logger.error("objective missed: %s", objective["message"])
    return verdict
