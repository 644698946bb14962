"""`python -m loadtests.compare_batch`: run the same load with single requests, micro-batches and batches."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import yaml

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from configuration.scenario import Scenario
from loadtests.cli.child_process import ChildProcess
from loadtests.cli.exit_codes import FAIL, INVALID, PASS, USAGE
from loadtests.cli.values import parse_port
from loadtests.comparing.figures import ComparedRun, read_compared_run
from loadtests.comparing.forms import (
    EAGER_FORMS,
    STEADY_FORMS,
    Form,
    build_eager_scenario,
    build_steady_scenario,
)
from loadtests.comparing.page import RESULT, format_batch_comparison
from loadtests.recording.facts import describe_machine
from loadtests.recording.parent import end_with_parent, name_parent
from loadtests.recording.processes import PROJECT, build_python_command, build_python_environment
from reports.data.folder import FolderError, write_text
from reports.data.quantities import format_number

SCENARIO: Final = "steady"
JUDGED: Final = (PASS, FAIL, INVALID)


class ComparisonError(Exception):
    """A run ended without a verdict, or was interrupted; `code` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and compare; returns 0 if all runs are valid, whatever their verdicts, and 3 if one is invalid."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.compare_batch",
        description=f"Run {SCENARIO} single, micro-batched and in explicit batches, then each form with "
        "users who never pause; show rows/s, latency and processor time side by side.",
        epilog="exit codes: 0 compared, 2 usage, or no service; 3 a run is invalid, 4 internal",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("results/compare-batch"),
        help="where the runs and comparison.md are kept (default: results/compare-batch)",
    )
    parser.add_argument(
        "--time-scale",
        metavar="X",
        type=_parse_scale,
        default=1.0,
        help="stretch stages and warm-up, 0.1 is ten times shorter",
    )
    parser.add_argument(
        "--metrics-port",
        metavar="PORT",
        type=parse_port,
        help="expose the metrics of each run to Prometheus on this port of this machine, under /metrics",
    )
    options = parser.parse_args(arguments)
    watched = () if options.metrics_port is None else ("--metrics-port", str(options.metrics_port))
    try:
        end_with_parent()
        return compare(options.out, options.time_scale, watched)
    except ComparisonError as error:
        print(error, file=sys.stderr)
        return error.code
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return USAGE
    except (OSError, FolderError) as error:
        print(f"The comparison can't be kept in {options.out}: {error}", file=sys.stderr)
        return USAGE


def compare(out: Path, time_scale: float, options: Sequence[str] = ()) -> int:
    """Make all runs, each with these further options, and write the page.

    Raises `ComparisonError` if a run ends without a verdict.
    """
    scenario = load_scenario(SCENARIO)
    out.mkdir(parents=True, exist_ok=True)
    steady = [("steady", form, build_steady_scenario(scenario, form)) for form in STEADY_FORMS]
    eager = [("eager", form, build_eager_scenario(scenario, form)) for form in EAGER_FORMS]
    wanted = [*steady, *eager]
    runs: list[ComparedRun] = []
    with ChildProcess() as child:
        for place, (load, form, built) in enumerate(wanted, start=1):
            print(f"{place} of {len(wanted)}: {load}, {form.title}", file=sys.stderr, flush=True)
            runs.append(_run(built, form, out, ("--time-scale", f"{time_scale:g}", *options), child))
            print(f"  {_summarise(runs[-1])}", file=sys.stderr, flush=True)
    text = format_batch_comparison(
        runs[: len(steady)],
        runs[len(steady) :],
        describe_machine(),
        f"{datetime.now(UTC):%Y-%m-%d}",
        time_scale,
    )
    write_text(out / RESULT, text)
    print(text)
    print(f"Written to {out / RESULT}")
    return INVALID if any(each.verdict.verdict == "invalid" for each in runs) else PASS


def _run(
    scenario: Scenario, form: Form, out: Path, options: Sequence[str], child: ChildProcess
) -> ComparedRun:
    """Run `scenario` against the service of the form, which the load test's command starts and stops."""
    file = out / f"{scenario.name}.yaml"
    write_text(file, yaml.safe_dump(scenario.resolve(), sort_keys=False, allow_unicode=True))
    environment = {
        **build_python_environment(),
        **name_parent(),
        "REST_CONFIG": str(PROJECT / "configuration" / "service" / f"{form.service}.yaml"),
    }
    command = build_python_command("loadtests", "--scenario", str(file), "--out", str(out))
    code, said = child.run([*command, *options], environment)
    if child.stopped:
        raise ComparisonError(f"The run {scenario.name} was interrupted; nothing was compared.", INVALID)
    if code not in JUDGED:
        raise ComparisonError(f"The run {scenario.name} ended with {code}:\n{said.rstrip()}", code)
    return read_compared_run(form.title, form.rows, (out / "latest").resolve())


def _summarise(run: ComparedRun) -> str:
    rate, p95_ms = run.figures.rows_per_s, run.figures.p95_ms
    if rate is None or p95_ms is None:
        return run.verdict.sentence
    return f"{format_number(rate)} rows/s, p95 {format_number(p95_ms)} ms: {run.verdict.verdict}"


def _parse_scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0.0 < scale < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is impossible; give a number above 0, such as 0.1")
    return scale
