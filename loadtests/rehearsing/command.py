"""`model-loadtest autoscale`: asks an autoscaler's manifest whether it keeps up with a load."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from autoscaling.exports import encode_study
from autoscaling.study import ScalingStudy, study_autoscaler
from autoscaling.terminal import format_study
from configuration.errors import ConfigurationError
from loadtests.cli.command import MODULE_PROGRAM
from loadtests.cli.exit_codes import USAGE
from loadtests.rehearsing.options import build_parser
from loadtests.rehearsing.reading import read_task
from reports.data.folder import write_text
from reports.rendering.streams import is_colorful

RESULT: Final = "autoscale.json"
PAGE: Final = "autoscale.html"


def main(arguments: Sequence[str] | None = None, program: str = MODULE_PROGRAM) -> int:
    """Ask what was typed: 0 every objective is met, 1 one is missed, 2 there is nothing to ask."""
    options = build_parser(program).parse_args(arguments)
    try:
        task = read_task(options)
        study = study_autoscaler(
            str(options.hpa), task.load, task.settings, task.question, task.left_out, search=options.tune
        )
        page = _write(study, options.out)
    except (ConfigurationError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"{error.filename or options.out} can't be written: {error.strerror}", file=sys.stderr)
        return USAGE
    print(format_study(study, is_colorful(sys.stdout), shutil.get_terminal_size((100, 24)).columns))
    print(f"\nPage: {page}")
    return study.exit_code


def _write(study: ScalingStudy, out: Path) -> Path:
    from autoscaling.page import render_study  # what draws the charts takes half a second to import

    out.mkdir(parents=True, exist_ok=True)
    write_text(
        out / RESULT, json.dumps(encode_study(study), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )
    write_text(out / PAGE, render_study(study))
    return out / PAGE
