"""Describes how the figures of a report are computed, with sources."""

from __future__ import annotations

from reports.data.facts import Facts
from reports.data.quantities import format_count, format_number
from reports.objectives.growth import MOST_WINDOWS
from reports.objectives.metrics import MEMORY_STEP_MIB
from reports.objectives.parsing import parse_objective
from reports.objectives.units import MEMORY_PER_HOUR, SHARE_PER_HOUR


def describe_methods(facts: Facts) -> tuple[str, ...]:
    """One short paragraph per subject; methods that this run doesn't use are left out."""
    told = [_describe_latency(facts), _describe_intervals(facts), _describe_proof(facts)]
    told += [_describe_checkpoints(facts)] if facts.looks > 1 else []
    told += [_describe_windows()] if any(" in any " in text for text in facts.objectives) else []
    told += [_describe_growth()] if any(map(_is_about_growth, facts.objectives)) else []
    return tuple(told)


def _describe_latency(facts: Facts) -> str:
    start = (
        "Latency runs from the moment a request was meant to start to its last byte, service time from its "
        "actual send"
    )
    start += (
        "; time that a request waits to be sent is part of its latency."
        if facts.model == "open"
        else "; here, where users wait for their replies, the two are the same."
    )
    return (
        f"{start} Percentiles are nearest-rank over the recorded requests, never estimated from buckets. "
        "Failed requests count in the error rate, not in latency; timeouts count in both."
    )


def _describe_intervals(facts: Facts) -> str:
    sure = format_number(100 * facts.checkpoint_confidence)
    return (
        f"The {sure} % intervals are those of order statistics for percentiles (David and Nagaraja 2003) and "
        "of Clopper and Pearson (1934) for shares. Slow requests come in bursts, so a circular block "
        "bootstrap (Politis and Romano 1992; block length by Politis and White 2004) and overlapping batches "
        "of a twentieth of the run (Su et al. 2023) measure how many independent requests the recorded ones "
        "are worth, and the interval is that of the smaller number (Korn and Graubard 1998)."
    )


def _describe_proof(facts: Facts) -> str:
    sure, doubt = (
        format_number(100 * share) for share in (facts.checkpoint_confidence, 1 - facts.checkpoint_confidence)
    )
    return (
        "An objective is met if its limit was kept, and proven if a service that breaks the limit would look "
        f"so good by chance less than {doubt} % of the time: by the early-stopping rule of MLPerf's LoadGen "
        f"at {sure} %, which has to hold for the effective number of requests as well, by both methods. "
        "Limits that allow no exception, means and throughput can't be proven so; they are reported as "
        "observed."
    )


def _describe_checkpoints(facts: Facts) -> str:
    return (
        f"The run could end early at {format_count(facts.looks, 'checkpoint')}, the last one being its "
        f"end. Each needs {format_number(100 * facts.checkpoint_confidence)} %, so that all of them "
        f"together keep {format_number(100 * facts.confidence)} % (Bonferroni), and looks only at requests "
        "of which every one was answered or had timed out by then."
    )


def _describe_windows() -> str:
    return (
        "“In any” windows begin at each whole second of what is judged; the worst one is reported as "
        "observed, without an interval."
    )


def _is_about_growth(text: str) -> bool:
    """Whether an objective is about something per hour."""
    return parse_objective(text).definition.units in (SHARE_PER_HOUR, MEMORY_PER_HOUR)


def _describe_growth() -> str:
    return (
        f"Growth is Sen's slope (1968) over up to {MOST_WINDOWS} windows of equal length, its interval that "
        "of the test of Mann (1945) and Kendall (1975), with the variance of Hamed and Rao (1998) for "
        "windows that resemble each other. It is met or missed if the whole interval is. That of memory is "
        f"wider by the {format_number(MEMORY_STEP_MIB)} MiB that a program takes at once."
    )
