"""`python -m reports`: show the verdict, write the report, decide early, compare runs, ask Prometheus."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from reports.comparison.command import add_compare_arguments, run_compare
from reports.data.folder import FolderError, compact, read_run, write_bytes, write_text
from reports.data.plugins import PluginError
from reports.figures.summary import summarise
from reports.history.command import DESCRIPTION, add_history_arguments, show_history
from reports.judging.interim import analyse_interim
from reports.judging.verdict import judge_run, list_objectives
from reports.objectives.parsing import ObjectiveError
from reports.prometheus.command import add_prometheus_arguments, show_prometheus
from reports.prometheus.series import PrometheusError
from reports.rendering.exports import (
    format_junit_xml,
    format_stats_csv,
    format_summary_md,
    format_timeline_csv,
)
from reports.rendering.plugins import export
from reports.rendering.stages import format_stages
from reports.rendering.streams import is_colorful, make_output_safe
from reports.rendering.terminal import format_verdict
from reports.rendering.text_table import remove_controls
from reports.rendering.verdict_json import encode_verdict

EXPORT_OPTION = "--export"
"""Begins each line about an exporter that failed; the verdict stands."""
LEFT_OUT = "left out "
"""Begins each line about a file that could not be written; the verdict stands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns 0 if it succeeded, whatever the verdict, and 2 if there was no run.

    Only `compare` returns what it found, as a load test does.
    """
    parser = argparse.ArgumentParser(
        prog="python -m reports", description="What follows from a recorded run."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    show = commands.add_parser("show", help="print the verdict, judged anew from what was recorded")
    write = commands.add_parser(
        "write", help="write verdict.json, report.html and the tables into the folder"
    )
    decide = commands.add_parser(
        "decide", help="print as JSON which objectives a run that still goes on has decided"
    )
    decide.add_argument("--until", type=float, required=True, metavar="S", help="judge requests due before")
    write.add_argument(
        "--no-page", action="store_true", help="leave out report.html, which takes the longest"
    )
    for command in (show, write, decide):
        command.add_argument("run", type=Path, help="the run's folder, such as results/latest")
    add_compare_arguments(commands.add_parser("compare", help="compare two versions by their runs"))
    add_prometheus_arguments(
        commands.add_parser("prometheus", help="print what a Prometheus saw of the service, beside a run")
    )
    add_history_arguments(commands.add_parser("history", help=f"{DESCRIPTION[0].lower()}{DESCRIPTION[1:]}"))
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "show":
            show_run(chosen.run)
        elif chosen.command == "decide":
            decide_run(chosen.run, chosen.until)
        elif chosen.command == "compare":
            return run_compare(chosen)
        elif chosen.command == "prometheus":
            show_prometheus(chosen)
        elif chosen.command == "history":
            show_history(chosen)
        else:
            write_run(chosen.run, page=not chosen.no_page)
    except (FolderError, ObjectiveError, PrometheusError) as error:
        _complain(str(error))
        return 2
    except OSError as error:
        named = getattr(chosen, "folder", None) or getattr(chosen, "run", None) or "The folder"
        _complain(f"{named} can't be written or read: {error}.")
        return 2
    return 0


def show_run(folder: Path) -> None:
    """Print the verdict, the objectives and the stages of a run."""
    run = read_run(folder)
    verdict = judge_run(run)
    width = shutil.get_terminal_size((100, 24)).columns
    report = run.folder / "report.html"
    print(format_verdict(verdict, is_colorful(sys.stdout), width, str(report) if report.exists() else None))
    if verdict.stages:
        print(f"\n{format_stages(verdict.stages)}")


def decide_run(folder: Path, until_s: float) -> None:
    """Print which objectives are decided by the requests with an intended start before `until_s`."""
    run = read_run(folder)
    print(json.dumps(analyse_interim(run, list_objectives(run), until_s).to_json(), ensure_ascii=False))


def write_run(folder: Path, *, page: bool = True) -> None:
    """Write everything that follows from the recorded run into its folder, the verdict last.

    There is no page unless `page` asks for it and a request was recorded. A file that can't be written is
    left out and told; without the verdict, OSError.
    """
    compact(folder)
    run = read_run(folder)
    summary = summarise(run)
    verdict = judge_run(run, summary.stages)
    texts = {
        "stats.csv": format_stats_csv(summary, verdict),
        "timeline.csv": format_timeline_csv(summary),
        "junit.xml": format_junit_xml(verdict, run.facts, summary.duration_s),
        "summary.md": format_summary_md(verdict, summary, run.facts),
    }
    if page and len(run.samples):
        from reports.rendering.page import render_report

        texts["report.html"] = render_report(run, summary, verdict)
    for name, text in texts.items():
        try:
            write_text(run.folder / name, text)
        except OSError as error:
            sys.stderr.write(f"{LEFT_OUT}{run.folder / name}: {error.strerror or error}\n")
    told = json.dumps(encode_verdict(verdict), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(run.folder / "verdict.json", f"{told}\n")
    for exporter in run.facts.exporters:
        try:
            for name, content in export(exporter, run, verdict):
                write_bytes(run.folder / name, content)
        except PluginError as error:
            _complain(f"{EXPORT_OPTION} {exporter}: {error}")


def _complain(message: str) -> None:
    """Tell what is wrong; it may repeat texts of a folder from elsewhere."""
    sys.stderr.write(f"{remove_controls(message)}\n")


if __name__ == "__main__":
    make_output_safe()
    sys.exit(main())
