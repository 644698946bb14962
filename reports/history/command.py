"""`history`: prints the runs in a folder as series, and writes a page that shows them."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from reports.data.folder import FolderError, write_text
from reports.data.recorded_runs import RecordedRuns, read_recorded_runs
from reports.history.series import RunSeries, group_runs
from reports.history.terminal import encode_history, format_history

PAGE: Final = "index.html"


def main(arguments: Sequence[str] | None = None, program: str = "model-loadtest") -> int:
    """Run the command; returns 0, or 2 where there is no run. `program` is what was typed before it."""
    parser = argparse.ArgumentParser(prog=f"{program} history", description=f"{DESCRIPTION}.")
    add_history_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        show_history(options)
    except FolderError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"{options.folder} can't be written or read: {error}.", file=sys.stderr)
        return 2
    return 0


DESCRIPTION: Final = "Show the runs in a folder side by side, with the runs at which their figures changed"


def add_history_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("results"), help="holds the runs (default: %(default)s)"
    )
    parser.add_argument(
        "--json", action="store_true", help=f"print everything as JSON instead, and write no {PAGE}"
    )


def show_history(options: argparse.Namespace) -> None:
    """Write the page and print the tables; FolderError if the folder holds nothing to show."""
    folder: Path = options.folder
    found = read_recorded_runs(folder)
    if not found.runs and not found.unreadable:
        raise FolderError(f"{folder} holds no run; make one, or name another folder.")
    series = group_runs(found.runs)
    if options.json:
        print(json.dumps(encode_history(found, series), indent=2, ensure_ascii=False, allow_nan=False))
        return
    page = _write_page(folder, found, series)
    print(format_history(found, series, shutil.get_terminal_size((100, 24)).columns))
    print(f"\nHistory: {page}")


def _write_page(folder: Path, found: RecordedRuns, series: Sequence[RunSeries]) -> Path:
    from reports.history.page import render_history  # what draws the charts takes half a second to import

    path = folder / PAGE
    write_text(path, render_history(found, series, folder.resolve().name))
    return path
