"""The stages of a run as text: the table that the terminal and summary.md show."""

from __future__ import annotations

from collections.abc import Sequence

from reports.data.quantities import NOTHING, number
from reports.figures.figures import StageFigures
from reports.judging.stages import StageJudgement
from reports.rendering.columns import TableColumn, format_each, tabulate
from reports.rendering.text_table import align_table

SYMBOLS = {"met": "✓", "missed": "✗", "unproven": "?", "not judged": "–", "not begun": "–"}


def stages_table(stages: Sequence[StageJudgement]) -> str:
    """A line for each stage, in aligned columns."""
    return "\n".join(align_table(*tabulate(STAGE_COLUMNS, stages)))


def stage_name(stage: StageFigures) -> str:
    """A stage's name; that it is a warm-up is said where the name doesn't."""
    warm_up = "" if stage.judged or stage.name == "warm-up" else " (warm-up)"
    return f"{stage.name}{warm_up}"


def stage_outcome(judged: StageJudgement) -> str:
    """How the objectives stand in a stage, with the metrics it missed: `missed: p99 latency`."""
    missed = ", ".join(judged.missed)
    return f"{judged.outcome}: {missed}" if missed else judged.outcome


def format_known(value: float | None) -> str:
    """A figure with the digits it carries, a dash where there is none."""
    return NOTHING if value is None else number(value)


def _format_planned_users(stages: Sequence[StageJudgement]) -> list[str]:
    observed = any(judged.stage.mean_users is not None for judged in stages)
    return [NOTHING if observed else format_known(judged.stage.users) for judged in stages]


USER_COLUMNS: tuple[TableColumn[StageJudgement], ...] = (
    TableColumn(
        "mean users", format_each(lambda judged: format_known(judged.stage.mean_users)), optional=True
    ),
    TableColumn("planned users", _format_planned_users, optional=True),
)
"""The mean of the users that were observed; where none were, the most that were planned.

Neither is shown where there were no users at all, as in the open model.
"""

STAGE_COLUMNS: tuple[TableColumn[StageJudgement], ...] = (
    TableColumn("stage", format_each(lambda judged: stage_name(judged.stage)), kind="row heading"),
    *USER_COLUMNS,
    TableColumn("requests", format_each(lambda judged: f"{judged.stage.figures.requests:,}")),
    TableColumn("errors", format_each(lambda judged: f"{judged.stage.figures.errors:,}")),
    TableColumn("p50", format_each(lambda judged: format_known(judged.stage.figures.p50_ms)), "ms"),
    TableColumn("p95", format_each(lambda judged: format_known(judged.stage.figures.p95_ms)), "ms"),
    TableColumn("p99", format_each(lambda judged: format_known(judged.stage.figures.p99_ms)), "ms"),
    TableColumn("replies/s", format_each(lambda judged: format_known(judged.stage.figures.throughput_rps))),
    TableColumn(
        "outcome",
        format_each(lambda judged: f"{SYMBOLS[judged.outcome]} {stage_outcome(judged)}"),
        kind="outcome",
    ),
)
