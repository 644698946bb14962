"""The stages of a run as rows of text: those that the terminal and summary.md show."""

from __future__ import annotations

from collections.abc import Sequence

from reports.data.quantities import NOTHING, number
from reports.figures.figures import StageFigures
from reports.judging.outcomes import SYMBOLS
from reports.judging.stages import StageJudgement

_FIGURES = ("requests", "errors", "p50 ms", "p95 ms", "p99 ms", "replies/s")


def stages_table(stages: Sequence[StageJudgement]) -> str:
    """A line a stage; figures stand right, names and outcomes left."""
    rows = stage_rows(stages)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
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


def stage_rows(stages: Sequence[StageJudgement]) -> list[tuple[str, ...]]:
    """The heads and then a row a stage, cells of words; a dash where nothing was planned or measured."""
    crowd = users_column([judged.stage for judged in stages])
    rows = [("stage", *_FIGURES, "outcome"), *(_cells(judged) for judged in stages)]
    if crowd is None:
        return rows
    head, users = crowd
    return [(row[0], told, *row[1:]) for row, told in zip(rows, (head, *users), strict=True)]


def users_column(stages: Sequence[StageFigures]) -> tuple[str, list[str]] | None:
    """Head and cells: the mean of the users that were observed, or else the most that were planned.

    None where there were no users at all, as in the open model.
    """
    if any(stage.mean_users is not None for stage in stages):
        return "mean users", [_told(stage.mean_users) for stage in stages]
    if any(stage.users is not None for stage in stages):
        return "planned users", [_told(stage.users) for stage in stages]
    return None


def _cells(judged: StageJudgement) -> tuple[str, ...]:
    stage, figures = judged.stage, judged.stage.figures
    return (
        stage_name(stage),
        f"{figures.requests:,}",
        f"{figures.errors:,}",
        _told(figures.p50_ms),
        _told(figures.p95_ms),
        _told(figures.p99_ms),
        _told(figures.throughput_rps),
        f"{SYMBOLS[judged.outcome]} {stage_outcome(judged)}",
    )


def _told(value: float | None) -> str:
    return NOTHING if value is None else number(value)
