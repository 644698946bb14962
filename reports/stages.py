"""The stages of a run as rows of text: those that the terminal and summary.md show."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures import StageFigures
from reports.quantities import number
from reports.stagejudgement import StageJudgement

HEADS = ("stage", "users", "requests", "errors", "p50 ms", "p95 ms", "p99 ms", "replies/s", "outcome")
SYMBOLS = {"met": "✓", "missed": "✗", "unproven": "?", "not judged": "–", "not begun": "–"}


def stages_table(stages: Sequence[StageJudgement]) -> str:
    """A line a stage; figures stand right, names and outcomes left."""
    rows = [HEADS, *(stage_cells(stage) for stage in stages)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)),
                row[-1],
            ]
        )
        for row in rows
    )


def stage_name(stage: StageFigures) -> str:
    """A stage's name; that it is a warm-up is said where the name doesn't."""
    warm_up = "" if stage.judged or stage.name == "warm-up" else " (warm-up)"
    return f"{stage.name}{warm_up}"


def stage_outcome(judged: StageJudgement) -> str:
    """How the objectives stand in a stage, with the metrics it missed: `missed: p99 latency`."""
    missed = ", ".join(judged.missed)
    return f"{judged.outcome}: {missed}" if missed else judged.outcome


def stage_cells(judged: StageJudgement) -> tuple[str, ...]:
    """What stands under `HEADS` for a stage; a dash where nothing was planned or measured."""
    stage, figures = judged.stage, judged.stage.figures
    return (
        stage_name(stage),
        _told(stage.users),
        f"{figures.requests:,}",
        f"{figures.errors:,}",
        _told(figures.p50_ms),
        _told(figures.p95_ms),
        _told(figures.p99_ms),
        _told(figures.throughput_rps),
        f"{SYMBOLS[judged.outcome]} {stage_outcome(judged)}",
    )


def _told(value: float | None) -> str:
    return "–" if value is None else number(value)
