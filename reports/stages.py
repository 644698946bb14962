"""The stages of a run as rows of text: those that the terminal and summary.md show."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures import StageFigures
from reports.quantities import number

HEADS = ("stage", "users", "requests", "errors", "p50 ms", "p95 ms", "p99 ms", "replies/s")


def stages_table(stages: Sequence[StageFigures]) -> str:
    """A line a stage; figures stand right."""
    rows = [HEADS, *(stage_cells(stage) for stage in stages)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )


def stage_cells(stage: StageFigures) -> tuple[str, ...]:
    """What stands under `HEADS` for a stage; a dash where nothing was planned or measured."""
    figures = stage.figures
    return (
        stage.name if stage.judged else f"{stage.name} (warm-up)",
        _told(stage.users),
        f"{figures.requests:,}",
        f"{figures.errors:,}",
        _told(figures.p50_ms),
        _told(figures.p95_ms),
        _told(figures.p99_ms),
        _told(figures.throughput_rps),
    )


def _told(value: float | None) -> str:
    return "–" if value is None else number(value)
