"""What a search found as Markdown, for the summary page of a CI job."""

from __future__ import annotations

from capacity.charts import sort_trials
from capacity.findings import CapacityFindings
from capacity.saturation import find_saturation
from capacity.trials import TrialFigures
from reports.data.quantities import NOTHING, add_unit, format_duration, format_number
from reports.judging.outcomes import EMOJI
from reports.rendering.exports import escape_markdown

HEADS = ("rate", "outcome", "lasted", "p50", "p99")


def format_capacity_md(found: CapacityFindings, page: str = "capacity.html") -> str:
    """Capacity, remarks, trials, and where the page is."""
    mark = EMOJI["pass" if found.is_valid else "invalid"]
    remarks = [*found.remarks, find_saturation(found).sentence]
    lines = [HEADS, ("---:", "---", "---:", "---:", "---:"), *map(_describe, sort_trials(found.trials))]
    return (
        "\n\n".join(
            [
                f"## {mark} Capacity of {escape_markdown(found.scenario)}",
                escape_markdown(found.sentence),
                "\n".join(f"- {escape_markdown(remark)}" for remark in remarks),
                "\n".join(f"| {' | '.join(cells)} |" for cells in lines),
                f"Objectives: {escape_markdown('; '.join(found.objectives))}. The whole story is in "
                f"[{escape_markdown(page)}]({page}).",
            ]
        )
        + "\n"
    )


def _describe(trial: TrialFigures) -> tuple[str, ...]:
    latencies = (trial.figures.p50_ms, trial.figures.p99_ms)
    return (
        f"{format_number(trial.planned_per_s)}/s",
        trial.outcome,
        format_duration(trial.seconds),
        *(NOTHING if value is None else add_unit(format_number(value), "ms") for value in latencies),
    )
