"""Runs the fault tests and writes docs/faults.md from what they stated: `python -m tests.faults.page`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from loadtests.recording.facts import describe_machine
from tests.faults.ledger import GeneratorRow, ServiceRow, Trial, read_trial

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/faults.md"

INTRODUCTION = (
    "# Faults\n\n"
    "What the load generator and the service do when something goes wrong. Each row is a test with real "
    "processes in `tests/faults/`, and says what that test found. `make faults` runs them and writes this "
    "page anew: {date}, {machine}.\n\n"
    "{counts}\n"
)
GENERATOR = (
    "## The load generator\n\n"
    "*Recorded* are the requests in the run's folder, *seen* those that reached the target. The two differ "
    "by requests that never reached it, by those sent a second time, by those in flight when the run ended "
    "and, after a kill or on a full disk, by the last ones, which could not be written. What is missing "
    "beyond these counts as lost. Exit codes are 0 pass, "
    "1 fail, 2 nothing was run, 3 invalid, 4 internal error; a negative one is the signal that ended the "
    "process. Without a verdict there is a dash.\n"
)
SERVICE = "## The service\n\n*Lost* are requests that it took and left without a reply.\n"


def main() -> None:
    """Run the fault tests, then write the page; exit with pytest's exit code."""
    parser = argparse.ArgumentParser(description="run the fault tests and write docs/faults.md from them")
    parser.add_argument("--processes", default="3", help="how many tests run at a time (default: 3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        command = [sys.executable, "-m", "pytest", "-n", options.processes, "tests/faults"]
        code = subprocess.run([*command, "--fault-rows", str(rows)], cwd=ROOT).returncode
        trials = [read_trial(json.loads(line)) for line in rows.read_text().splitlines()]
    if silent := [trial.test for trial in trials if trial.outcome == "passed" and not trial.rows]:
        sys.exit(f"these tests state no row of the page: {', '.join(silent)}")
    here = describe_machine()
    machine = f"{here['processor']}, {here['cores']} cores"
    PAGE.write_text(render_page(trials, f"{datetime.now(UTC):%Y-%m-%d}", machine), encoding="utf-8")
    sys.exit(code)


def render_page(trials: Iterable[Trial], date: str, machine: str) -> str:
    """The page in Markdown: counts, a table for the generator, one for the service, what was left out."""
    trials = sorted(trials, key=lambda trial: trial.test)
    stated = [(trial, row) for trial in trials for row in trial.rows]
    generator = [(trial, row) for trial, row in stated if isinstance(row, GeneratorRow)]
    service = [(trial, row) for trial, row in stated if isinstance(row, ServiceRow)]
    parts = [
        INTRODUCTION.format(date=date, machine=machine, counts="\n".join(_count(trials))),
        GENERATOR,
        _render_table(
            ("fault", "what is recorded and said", "verdict", "exit code", "recorded", "seen", "test"),
            (_show_generator_row(trial, row) for trial, row in generator),
        ),
        SERVICE,
        _render_table(
            ("fault", "what happened", "lost", "test"),
            ((row.fault, row.happened, str(row.lost), f"`{trial.test}`") for trial, row in service),
        ),
    ]
    failed = [f"- `{trial.test}`" for trial in trials if trial.outcome == "failed"]
    if failed:
        parts += ["## Not survived\n", "\n".join(failed) + "\n"]
    skipped = [f"- `{trial.test}`: {trial.reason}" for trial in trials if trial.outcome == "skipped"]
    if skipped:
        parts += ["## Not tried on that machine\n", "\n".join(skipped) + "\n"]
    return "\n".join(parts)


def _count(trials: Sequence[Trial]) -> Iterable[str]:
    """The counts as a table. A test that fails may have found a false verdict, and counts as one."""
    tried = sum(max(1, len(trial.rows)) for trial in trials if trial.outcome != "skipped")
    survived = sum(len(trial.rows) for trial in trials if trial.outcome == "passed")
    lost = sum(row.lost for trial in trials for row in trial.rows)
    false = sum(trial.outcome == "failed" for trial in trials)
    yield "| faults tried | survived | rows lost | false verdicts |"
    yield "|---:|---:|---:|---:|"
    yield f"| {tried} | {survived} | {lost} | {false} |"


def _show_generator_row(trial: Trial, row: GeneratorRow) -> tuple[str, ...]:
    verdict = "–" if row.verdict == "none" else row.verdict
    counts = ("–" if count is None else f"{count:,}" for count in (row.sent, row.seen))
    return (row.fault, row.recorded, verdict, str(row.exit_code), *counts, f"`{trial.test}`")


def _render_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [
        heads,
        ["---:" if head in ("exit code", "recorded", "seen", "lost") else "---" for head in heads],
    ]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*lines, *cells]) + "\n"


if __name__ == "__main__":
    main()
