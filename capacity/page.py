"""Renders what a search found as a single HTML page, in the design of a run's report."""

from __future__ import annotations

from capacity.charts import draw_capacity_charts, sort_trials
from capacity.findings import CapacityFindings
from capacity.saturation import find_saturation
from capacity.trials import TrialFigures
from reports.data.quantities import NOTHING, format_count, format_duration, format_number, format_start
from reports.rendering.columns import TableColumn, format_aligned, format_each
from reports.rendering.page import fill_style_sheet, list_pairs, load_templates
from reports.rendering.page_table import PageTable, TableRow, build_table

_OUTCOMES = {"proven": "met", "broken": "missed", "open": "unproven", "invalid": ""}


def render_capacity(found: CapacityFindings) -> str:
    """The page; all text from outside the suite is escaped."""
    word, rest = _split_sentence(found)
    return (
        load_templates()
        .get_template("capacity.html")
        .render(
            valid=found.is_valid,
            word=word,
            sentence=rest,
            remarks=found.remarks,
            saturation=find_saturation(found).sentence,
            scenario=found.scenario,
            about=_list_facts(found),
            style=fill_style_sheet(),
            charts=draw_capacity_charts(found),
            trials=build_trial_table(found) if found.trials else None,
            methods=_describe_methods(found),
        )
    )


def _split_sentence(found: CapacityFindings) -> tuple[str, str]:
    """The word in the colour of the outcome, and the rest of the sentence."""
    if not found.is_valid:
        return "Invalid", found.sentence.removeprefix("Invalid")
    return "Found", f": {found.sentence[0].lower()}{found.sentence[1:]}"


def build_trial_table(found: CapacityFindings) -> PageTable:
    """A row a trial, in the order of their rates; the held-out one is last."""
    trials = sort_trials(found.trials)
    counts = [
        (name, sum(trial.outcome == name for trial in trials))
        for name in ("proven", "broken", "open", "invalid")
    ]
    held_out = () if found.held_out is None else (found.held_out,)
    return build_table(
        ", ".join(f"{count} {name}" for name, count in counts if count),
        "Each trial is a run with a report of its own in its folder. Growth is that of the requests in "
        "flight; steady from: by MSER-5, and it should be within the warm-up.",
        (
            TableColumn(
                "Rate",
                format_aligned(lambda trial: trial.planned_per_s),
                "/s",
                "row heading",
                format_notes=format_each(lambda trial: _tell_reason(trial, trial is found.held_out)),
            ),
            TableColumn(
                "Outcome",
                format_each(lambda trial: trial.outcome),
                kind="outcome",
            ),
            TableColumn("Lasted", format_each(lambda trial: format_duration(trial.seconds))),
            TableColumn("p50", format_aligned(lambda trial: trial.figures.p50_ms), "ms"),
            TableColumn("p99", format_aligned(lambda trial: trial.figures.p99_ms), "ms"),
            TableColumn("Errors", format_each(_format_errors)),
            TableColumn("Service", format_each(lambda trial: _format(trial.service_cores)), "cores"),
            TableColumn("Generator", format_each(lambda trial: _format(trial.generator_cores)), "cores"),
            TableColumn("Growth", format_each(lambda trial: _format(trial.growth_per_s)), "/s"),
            TableColumn("Steady from", format_each(lambda trial: _format(trial.steady_from_s)), "s"),
            TableColumn("Report", format_each(lambda trial: trial.folder), kind="link"),
        ),
        (*trials, *held_out),
        describe_row=lambda trial: TableRow(
            outcome=_OUTCOMES[trial.outcome],
            link=f"{trial.folder}/report.html",
            muted=trial is found.held_out or trial.outcome == "invalid",
        ),
    )


def _tell_reason(trial: TrialFigures, is_held_out: bool) -> str:
    return f"held out: {trial.reason}" if is_held_out else trial.reason


def _format_errors(trial: TrialFigures) -> str:
    rate = trial.figures.error_rate
    return NOTHING if rate is None else f"{format_number(100 * rate)} %"


def _format(value: float | None) -> str:
    return NOTHING if value is None else f"{'-' if value < 0 else ''}{format_number(abs(value))}"


def _list_facts(found: CapacityFindings) -> list[tuple[str, str]]:
    cost = found.cost
    return [
        ("Scenario", found.scenario),
        ("Service", found.host),
        ("Started", format_start(found.started_at)),
        ("Objectives", "; ".join(found.objectives)),
        ("Trials", format_count(len(found.trials), "rate")),
        (
            "Processor time",
            "" if cost is None else f"{format_number(1e6 * cost.s_per_request)} µs a request",
        ),
        ("Machine", ", ".join(list_pairs(found.machine))),
    ]


def _describe_methods(found: CapacityFindings) -> list[str]:
    sure = format_number(100 * found.capacity.confidence)
    return [
        "Requests arrive at random (Poisson) at each rate, whether or not earlier ones are answered. A "
        "rate is "
        "proven when every objective is, and broken when one is, both with an error probability that is "
        f"divided among all trials, so that both bounds together are {sure} % sure. A "
        "rate at which the requests in flight grow for good is broken, too; one at which they seem to "
        "grow is "
        "not proven. Rates between that stayed open are so near the limit that a trial of this length can't "
        "tell them apart.",
        "Concurrency was measured before, with more and more users who never pause. The law is that of "
        "Gunther, Guerrilla Capacity Planning (2007); its intervals come from a bootstrap of the residuals.",
        "After the search one more trial was held out: no figure of this page but its own row uses it, and a "
        "plan must predict it before it forecasts anything. Then came an overload, and lower and lower "
        "rates.",
        "The capacity is that of the service as it ran, on its machine and beside what ran there, for this "
        "scenario's requests. Another model, version, machine or mix of requests has another one.",
    ]
