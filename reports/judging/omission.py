"""Detects coordinated omission: time in which the users of a closed load waited and nobody was answered.

Users who wait for their replies send nothing meanwhile, so a stall of seconds is one slow request per user
among thousands of fast ones (Gil Tene, "How NOT to Measure Latency", 2013). The open model keeps sending, so
its percentiles show a stall.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.data.columns import Floats
from reports.data.quantities import format_duration
from reports.data.run import Run
from reports.judging.faults import Fault
from reports.judging.interference import find_disturbance
from reports.objectives.metrics import goodput, max_latency, max_service_time, row_throughput, throughput
from reports.objectives.objective import Objective

LEAST_S = 1.0
TIMES_THE_MEDIAN = 10.0
TOLERATED_SHARE = 0.1
"""A silence counts if it is longer than a second, ten median latencies, and a tenth of the judged time."""
SEEN_SHARE = 0.05
"""With a larger share of slow requests there is no silence to report: the percentiles show them."""
IDLE_S = 5.0
"""Users who think may send nothing for so long."""
METRICS_THAT_SEE_SILENCE = frozenset((max_latency, max_service_time, throughput, row_throughput, goodput))
"""Metrics that show a silence in any load model."""
SILENCE_REMEDY = (
    "they sent nothing meanwhile, so that percentiles leave this time out; ask for a rate instead of users "
    "(the open model goes on sending), or state an objective that sees it: max latency or throughput"
)


def find_omission(run: Run, asked: Sequence[Objective]) -> Fault | None:
    """Why the percentiles of a closed run can't be trusted; None if they can.

    None, too, if an objective that is `asked` of the whole run shows the silence. Time in which the generator
    itself was kept from running is not counted, because it has limits of its own.
    """
    if run.facts.model != "closed" or not len(run.judged) or not run.judged_s:
        return None
    least_s = TOLERATED_SHARE * run.judged_s
    silent_s = max(_measure_silence_s(run, *span) for span in run.list_spans())
    if silent_s > least_s and not any(map(_sees_silence, asked)):
        told = (
            f"nobody was answered for {format_duration(silent_s)} of {format_duration(run.judged_s)}, "
            "while users waited"
        )
        return Fault(told, SILENCE_REMEDY)
    idle_s = max(_measure_idleness_s(run, *span) for span in run.list_spans())
    if idle_s > least_s:
        told = (
            f"no request was made for {format_duration(idle_s)} of {format_duration(run.judged_s)}, "
            "though users ran"
        )
        return Fault(told, "see what kept them: requests without a timeout leave no sample when they hang")
    return None


def _sees_silence(objective: Objective) -> bool:
    return (
        objective.definition in METRICS_THAT_SEE_SILENCE and objective.on is None and objective.during is None
    )


def _measure_silence_s(run: Run, start_s: float, end_s: float) -> float:
    """The longest time in a span in which requests were in flight and none was answered; 0 if short."""
    samples = run.judged
    if np.fmax.reduce(samples.latency_ms, initial=0.0) <= 1000.0 * LEAST_S:
        return 0.0
    timed = np.isfinite(samples.latency_ms)
    intended_s, latency_s = samples.intended_s[timed], samples.latency_ms[timed] / 1000.0
    least_s = max(LEAST_S, TIMES_THE_MEDIAN * float(np.median(latency_s)))
    if latency_s.max() <= least_s:
        return 0.0
    order = np.argsort(intended_s + latency_s)
    replied_s = (intended_s + latency_s)[order]
    waiting_s = np.minimum.accumulate(intended_s[order][::-1])[::-1]  # since when those not yet answered wait
    since_s = np.maximum(np.append(start_s, replied_s[:-1]), waiting_s)
    longest_s = _find_longest_s(run, np.clip(since_s, start_s, end_s), np.clip(replied_s, start_s, end_s))
    slow = np.count_nonzero(latency_s > longest_s / 2)
    return longest_s if longest_s > least_s and slow <= SEEN_SHARE * len(latency_s) else 0.0


def _measure_idleness_s(run: Run, start_s: float, end_s: float) -> float:
    """The longest time in a span in which users ran and no request was in flight; 0 if short."""
    samples = run.judged
    begun_s = samples.intended_s
    if np.diff(begun_s, prepend=start_s, append=end_s).max() <= IDLE_S:
        return 0.0
    over_s = np.maximum.accumulate(begun_s + np.nan_to_num(samples.latency_ms) / 1000.0)
    since_s = np.clip(np.append(start_s, over_s), start_s, end_s)
    until_s = np.clip(np.append(begun_s, end_s), start_s, end_s)
    usual_s = float(np.median(np.diff(begun_s))) if len(begun_s) > 1 else end_s - start_s
    longest = int(np.argmax(until_s - since_s))
    at_s, users = run.telemetry.select_series("users")
    there = users[(at_s > since_s[longest]) & (at_s < until_s[longest])]
    if not len(there) or not there.min():
        return 0.0
    longest_s = _find_longest_s(run, since_s, until_s)
    return longest_s if longest_s > max(IDLE_S, TIMES_THE_MEDIAN * usual_s) else 0.0


def _find_longest_s(run: Run, since_s: Floats, until_s: Floats) -> float:
    """The length of the longest of these spans, without disturbed time in it."""
    longest = int(np.argmax(until_s - since_s))
    since, until = float(since_s[longest]), float(until_s[longest])
    disturbed = find_disturbance(run)
    kept_s = np.minimum(disturbed.end_s, until) - np.maximum(disturbed.start_s, since)
    return max(0.0, until - since - float(np.maximum(kept_s, 0.0).sum()))
