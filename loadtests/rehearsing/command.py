"""`model-loadtest autoscale`: asks an autoscaler's manifest whether it keeps up with a load."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from autoscaling.agreement import Agreement
from autoscaling.exports import encode_study
from autoscaling.study import ScalingStudy, study_autoscaler
from autoscaling.terminal import format_study
from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from loadtests.cli.command import MODULE_PROGRAM
from loadtests.cli.exit_codes import USAGE
from loadtests.cli.own_service import ServiceError
from loadtests.rehearsing.errors import RehearsalError
from loadtests.rehearsing.options import build_parser
from loadtests.rehearsing.reading import ScalingTask, read_task
from reports.data.folder import write_text
from reports.data.quantities import format_duration
from reports.rendering.streams import is_colorful

RESULT: Final = "autoscale.json"
PAGE: Final = "autoscale.html"
OWN_TRAFFIC: Final = "open"
"""Whose traffic a rehearsal sends where only rates were given."""


def main(arguments: Sequence[str] | None = None, program: str = MODULE_PROGRAM) -> int:
    """Ask what was typed: 0 objectives are met, 1 one is missed, 2 nothing to ask, 3 rehearsal invalid."""
    options = build_parser(program).parse_args(arguments)
    try:
        task = read_task(options)
        study = study_autoscaler(
            str(options.hpa), task.load, task.settings, task.question, task.left_out, search=options.tune
        )
        if options.rehearse is not None:
            study = replace(study, rehearsal=_rehearse(options, task))
        page = _write(study, options.out)
    except RehearsalError as error:
        print(error, file=sys.stderr)
        return error.code
    except (ConfigurationError, ServiceError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"{error.filename or options.out} can't be written: {error.strerror}", file=sys.stderr)
        return USAGE
    print(format_study(study, is_colorful(sys.stdout), shutil.get_terminal_size((100, 24)).columns))
    print(f"\nPage: {page}")
    return study.exit_code


def _rehearse(options: argparse.Namespace, task: ScalingTask) -> Agreement:
    from loadtests.rehearsing.rehearsal import RehearsalPlan, rehearse  # the twin alone needs none of it

    scenario = task.scenario or load_scenario(OWN_TRAFFIC)
    plan = RehearsalPlan(
        options.rehearse, scenario, options.concurrency or 1, options.time_scale, options.out / "runs"
    )
    lasts = format_duration(task.question.load.duration_s * options.time_scale)
    print(f"Rehearsing with real processes for {lasts} ...", flush=True)
    return rehearse(plan, task.settings, task.question)


def _write(study: ScalingStudy, out: Path) -> Path:
    from autoscaling.page import render_study  # what draws the charts takes half a second to import

    out.mkdir(parents=True, exist_ok=True)
    write_text(
        out / RESULT, json.dumps(encode_study(study), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )
    write_text(out / PAGE, render_study(study))
    return out / PAGE
