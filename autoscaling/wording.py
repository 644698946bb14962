"""Puts into words what came of an autoscaler, and what the twin assumes; for terminal and page alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from autoscaling.outcome import ScalingJudgement, ScalingOutcome, describe_spans
from autoscaling.pods import ClusterTiming
from autoscaling.question import ScalingQuestion
from autoscaling.rules import AutoscalerSettings
from autoscaling.tuning import Tuning, TuningCandidate
from reports.data.quantities import format_count, format_duration, format_number
from reports.rendering.columns import TableColumn, format_each

MOST_STEPS: Final = 12
ASSUMPTIONS: Final = (
    "Requests are a fluid: what arrives beyond the saturation of the ready replicas waits, evenly spread "
    "over them. Single arrivals, uneven balancing, retries and the throttling within a period are left out.",
    "A replica's latency is that at its share of the rate, plus the time until what waits before a request "
    "is answered. Replicas don't slow each other down; one in the cluster is as fast as that measured.",
    "A starting pod uses no processor time and answers nothing; a pod that ends finishes what it has.",
    "An objective for latency is met if no more requests than its percentile leaves out arrive in seconds in "
    "which the latency is above the limit.",
)


def summarise_outcome(outcome: ScalingOutcome, settings: AutoscalerSettings) -> str:
    """The answer in a sentence."""
    run = outcome.run
    most = int(run.replicas.max())
    used = (
        f"{run.replicas.min()} to {format_count(most, 'replica')}"
        if run.replicas.min() < most
        else (format_count(most, "replica"))
    )
    paid = f"{used}, {format_number(run.replica_hours)} replica-hours"
    if not outcome.missed:
        return f"The autoscaler {settings.name} keeps its objectives: {paid}."
    told = " and ".join(each.objective.text for each in outcome.missed)
    reason = ""
    if outcome.under_s:
        reason = f"; for {format_duration(outcome.under_s)} more arrived than the ready replicas carry"
    return f"The autoscaler {settings.name} misses {told}{reason}. It used {paid}."


def describe_judgement(judged: ScalingJudgement) -> str:
    """What was observed, and when it was missed."""
    if not judged.spans:
        return judged.message
    return f"{judged.message}; {describe_spans(judged.spans)}"


def describe_steps(outcome: ScalingOutcome) -> list[str]:
    """Each change of replicas with its reason, a line each; of many the first ones."""
    steps = outcome.run.steps
    told = [
        f"{format_duration(step.t_s) if step.t_s else '0 s'}: {step.before} to {step.after}, by {step.metric}"
        for step in steps[:MOST_STEPS]
    ]
    if len(steps) > MOST_STEPS:
        told.append(f"and {format_count(len(steps) - MOST_STEPS, 'more change')}")
    return told or ["the replicas never changed"]


def describe_question(question: ScalingQuestion) -> list[tuple[str, str]]:
    """What was asked, as names with values."""
    replica, deployment = question.deployment.limited_replica, question.deployment
    carries = f"{format_number(replica.capacity_per_s)}/s within the objectives"
    known = [
        ("Load", f"{format_duration(question.load.duration_s)}, up to {format_number(question.load.peak)}/s"),
        ("One replica", f"{carries}, {format_number(deployment.saturation_per_s)}/s at most"),
        ("Cluster", describe_timing(question.timing)),
    ]
    if deployment.cpu_request_cores is not None:
        known.append(("CPU request", f"{format_number(deployment.cpu_request_cores)} cores"))
    return known


def describe_timing(timing: ClusterTiming) -> str:
    """The delays of a cluster in words."""
    start = format_duration(timing.start_s) if timing.start_s else "0 s"
    told = [
        f"a pod gets requests {start} after the decision",
        f"a look every {format_duration(timing.sync_s)}",
        f"a measurement every {format_duration(timing.scrape_s)}",
    ]
    if timing.lag_s:
        told.append(f"known {format_duration(timing.lag_s)} later")
    return ", ".join(told)


def describe_tuning(tuning: Tuning) -> str:
    """What the search over the grid found, in a sentence."""
    tried = format_count(len(tuning.candidates), "setting")
    best, own = tuning.cheapest, tuning.candidates[0]
    if best is None:
        return f"None of {tried} keeps the objectives: more replicas, or pods that start sooner, are needed."
    if best is own:
        return f"Of {tried}, none is cheaper than those of the manifest and keeps the objectives."
    paid = f"{format_number(best.replica_hours)} replica-hours"
    compared = f"those of the manifest use {format_number(own.replica_hours)}"
    compared += "" if own.keeps else " and miss"
    words = ", ".join(best.words)
    return f"The cheapest of {tried} that keeps the objectives uses {paid} ({compared}): {words}."


def list_objective_columns() -> tuple[TableColumn[ScalingJudgement], ...]:
    """The columns of the table of objectives."""
    return (
        TableColumn("Objective", format_each(lambda each: each.objective.text), kind="row heading"),
        TableColumn("Outcome", format_each(lambda each: each.outcome), kind="outcome"),
        TableColumn("In the twin", format_each(describe_judgement), kind="long words"),
    )


def list_candidate_columns() -> tuple[TableColumn[TuningCandidate], ...]:
    """The columns of the table of settings that were tried."""
    return (
        TableColumn("Settings", format_each(name_candidate), kind="row heading"),
        TableColumn("Outcome", format_each(lambda each: "met" if each.keeps else "missed"), kind="outcome"),
        TableColumn("Replica-hours", format_each(lambda each: format_number(each.replica_hours))),
        TableColumn("Most", format_each(lambda each: str(int(each.outcome.run.replicas.max()))), "replicas"),
        TableColumn("Too few for", format_each(lambda each: format_number(each.outcome.under_s)), "s"),
    )


def list_notes(settings: AutoscalerSettings, left_out: Sequence[str]) -> Iterator[str]:
    """What was not followed, in sentences."""
    for text in (*settings.notes, *left_out):
        yield f"{text[0].upper()}{text[1:]}."


def name_candidate(candidate: TuningCandidate) -> str:
    """What differs from the manifest."""
    return ", ".join(candidate.words) or "the manifest"
