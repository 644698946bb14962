"""Describes how the figures of a report are computed, with sources."""

from __future__ import annotations

from reports.data.facts import Facts
from reports.data.quantities import format_number
from reports.objectives.growth import MOST_WINDOWS
from reports.objectives.metrics import MEMORY_STEP_MIB
from reports.objectives.parsing import parse_objective
from reports.objectives.units import MEMORY_PER_HOUR, SHARE_PER_HOUR


def describe_methods(facts: Facts) -> tuple[str, ...]:
    """One short paragraph per subject; methods that this run doesn't use are left out."""
    told = [_describe_latency(facts), _describe_intervals(facts), _describe_proof(facts)]
    told += [_describe_checkpoints(facts)] if facts.early_end else []
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
    if facts.decided:
        return (
            f"The {format_number(100 * facts.confidence)} % intervals hold at any moment of the run: they "
            "are what the martingale by which limits are proven doesn't exclude (Howard and Ramdas 2022). "
            f"{_describe_dependence()}"
        )
    sure = format_number(100 * facts.verdict_confidence)
    return (
        f"The {sure} % intervals are those of order statistics for percentiles (David and Nagaraja 2003) and "
        f"of Clopper and Pearson (1934) for shares. {_describe_dependence()}"
    )


def _describe_dependence() -> str:
    return (
        "Slow requests come in bursts, so a circular block bootstrap (Politis and Romano 1992; block length "
        "by Politis and White 2004) and overlapping batches of a twentieth of the run (Su et al. 2023) "
        "measure how many independent requests the recorded ones are worth, and the interval is that of the "
        "smaller number (Korn and Graubard 1998)."
    )


def _describe_proof(facts: Facts) -> str:
    sure, doubt = (
        format_number(100 * share) for share in (facts.verdict_confidence, 1 - facts.verdict_confidence)
    )
    if facts.decided:
        return (
            "An objective is met if its limit was kept, and proven if a service that breaks the limit would "
            f"ever look so good by chance in less than {doubt} % of runs: by a test martingale (Howard and "
            "Ramdas 2022) of the effective number of requests, the smaller one by both methods. Limits that "
            "allow no exception, means and throughput can't be proven so; they are reported as observed."
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
        "The run could end early, after a fifth of it at the earliest. Half of the permitted doubt is for "
        "looks during the run, by an anytime-valid bound (Howard and Ramdas 2022), half for its planned end, "
        f"so that both together keep {format_number(100 * facts.confidence)} % (Bonferroni). A look counts "
        "requests that were due before a moment by which all of them had been answered or had timed out."
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
