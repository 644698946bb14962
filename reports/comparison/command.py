"""`model-loadtest compare`: compare two versions by their runs, write the page, exit with what it says."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from reports.comparison.comparability import MISMATCH_NAMES
from reports.comparison.differences import Margins
from reports.comparison.exports import encode_comparison, format_comparison_junit, format_comparison_md
from reports.comparison.table import format_comparison_text
from reports.comparison.verdict import ComparisonSettings, VersionComparison, compare_versions
from reports.data.folder import FolderError, write_text
from reports.data.run_sets import BASELINES, read_rounds, read_side, save_baseline
from reports.objectives.parsing import ObjectiveError

USAGE: Final = 2
OUT: Final = Path("results/comparison")
PAGE: Final = "comparison.html"


def main(arguments: Sequence[str] | None = None, program: str = "python -m reports") -> int:
    """Compare what was typed: 0 not worse or undecided, 1 worse, 2 nothing to compare, 3 invalid."""
    parser = argparse.ArgumentParser(
        prog=f"{program} compare",
        description="Compare two versions of a service by their recorded runs.",
        epilog="exit codes: 0 not worse, or undecided; 1 worse; 2 usage, or no run; 3 invalid",
    )
    add_compare_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        return run_compare(options)
    except (FolderError, ObjectiveError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"The comparison can't be read or written: {error}.", file=sys.stderr)
        return USAGE


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "sides",
        nargs="+",
        metavar="SIDE",
        help="baseline and candidate: a run, a folder of runs, or the name of a baseline; or one folder that "
        "model-loadtest ab made",
    )
    parser.add_argument(
        "--save-baseline", metavar="NAME", help="keep the one side named as this baseline; compare nothing"
    )
    parser.add_argument(
        "--baselines",
        metavar="DIR",
        type=Path,
        default=BASELINES,
        help="where they are (default: %(default)s)",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help=f"where page and tables are written (default: {OUT})"
    )
    add_judging_arguments(parser)


def add_judging_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that decide what is worse."""
    parser.add_argument(
        "--margin",
        metavar="PERCENT",
        type=_parse_percent,
        default=5.0,
        help="how much worse latency, throughput and processor time may be (default: %(default)g)",
    )
    parser.add_argument(
        "--error-margin",
        metavar="POINTS",
        type=_parse_percent,
        default=0.1,
        help="how much higher an error rate may be, in percentage points (default: %(default)g)",
    )
    parser.add_argument(
        "--accept",
        metavar="NAME",
        action="append",
        choices=MISMATCH_NAMES,
        default=[],
        help=f"compare although runs differ in this: {', '.join(MISMATCH_NAMES)}",
    )
    parser.add_argument("--require-proof", action="store_true", help="exit with 1 if it is undecided")


def read_comparison_settings(options: argparse.Namespace) -> ComparisonSettings:
    """The settings among the parsed options."""
    return ComparisonSettings(
        margins=Margins(options.margin / 100.0, options.error_margin / 100.0),
        require_proof=options.require_proof,
        accepted=tuple(options.accept),
    )


def run_compare(options: argparse.Namespace) -> int:
    """Compare or save, as the parsed options say; FolderError if there is no run."""
    sides: list[str] = options.sides
    if options.save_baseline is not None:
        if len(sides) != 1:
            raise FolderError(f"--save-baseline keeps one side, and {len(sides)} are named: leave one out.")
        kept = save_baseline(options.save_baseline, sides[0], options.baselines)
        print(f"Kept as the baseline {options.save_baseline!r} in {kept}")
        return 0
    if len(sides) > 2:
        raise FolderError(f"{len(sides)} sides are named; name two: the baseline and the candidate.")
    if len(sides) == 1:
        baseline, candidate = read_rounds(Path(sides[0]))
    else:
        baseline, candidate = (read_side(side, options.baselines) for side in sides)
    out = options.out or (Path(sides[0]) if len(sides) == 1 else OUT)
    comparison = compare_versions(baseline, candidate, read_comparison_settings(options))
    write_comparison(comparison, out)
    show_comparison(comparison, out)
    return comparison.exit_code


def write_comparison(comparison: VersionComparison, out: Path) -> None:
    """Write the page, JSON, JUnit and Markdown into `out`."""
    from reports.comparison.page import render_comparison  # loads matplotlib

    out.mkdir(parents=True, exist_ok=True)
    told = json.dumps(encode_comparison(comparison), indent=2, ensure_ascii=False, allow_nan=False)
    texts = {
        PAGE: render_comparison(comparison),
        "junit.xml": format_comparison_junit(comparison),
        "summary.md": format_comparison_md(comparison),
        "comparison.json": f"{told}\n",
    }
    for name, text in texts.items():
        write_text(out / name, text)


def show_comparison(comparison: VersionComparison, out: Path) -> None:
    """Print the verdict and the table."""
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(format_comparison_text(comparison, color, shutil.get_terminal_size((100, 24)).columns))
    print(f"\nPage: {out / PAGE}")


def _parse_percent(text: str) -> float:
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0.0 < percent < 100.0:
        raise argparse.ArgumentTypeError(f"{text!r} is impossible; give a number above 0 and below 100")
    return percent
