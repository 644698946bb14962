"""Finds what is missing: rows that were recorded but can't be read, and observations that were never made.

Without this check, an observer that died or a file that was removed would look like a healthy run.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reports.data.columns import Floats
from reports.data.quantities import format_count, format_duration
from reports.data.run import Run
from reports.data.telemetry import GENERATOR, PROBED, SERVICE, list_generators, name_worker_source
from reports.figures.replayed import list_unread_endpoints
from reports.judging.faults import Fault
from reports.judging.generator_health import TOLERATED_S, TOLERATED_SHARE

PERIOD_S = 1.0
"""The period of all observations."""
RUN_AGAIN = "run the load test again"


def find_incompleteness(run: Run) -> tuple[Fault, ...]:
    """What is missing in `run`, one fault each."""
    return (*_find_unread(run), *_find_unjudged(run), *_find_unobserved(run), *_find_unread_payloads(run))


def _find_unread_payloads(run: Run) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            f"the payload file of {endpoint} could not be read to its end, so requests were missing",
            "the log of the run names the line; mend the file and run again",
        )
        for endpoint in list_unread_endpoints(run)
    )


def _find_unread(run: Run) -> tuple[Fault, ...]:
    facts = run.facts
    faults = []
    if facts.requests is not None and facts.requests != len(run.samples):
        faults.append(_describe_damage("request", facts.requests, len(run.samples), "samples"))
    if facts.observations is not None and facts.observations != len(run.telemetry):
        faults.append(_describe_damage("observation", facts.observations, len(run.telemetry), "telemetry"))
    if not faults and not len(run.samples):
        faults.append(Fault("No request was recorded."))
    return tuple(faults)


def _describe_damage(what: str, recorded: int, read: int, file: str) -> Fault:
    found = f"{recorded - read:,} could not be read" if read < recorded else f"{read:,} were found"
    told = f"{format_count(recorded, f'{what} was', f'{what}s were')} recorded, {found}"
    return Fault(told, f"the run's {file} were damaged or taken away; {RUN_AGAIN}")


def _find_unjudged(run: Run) -> tuple[Fault, ...]:
    """A fault if all requests lie in the warm-up."""
    if not len(run.samples) or len(run.judged) or not run.judged_s or run.cut_short:
        return ()
    return (
        Fault(
            f"no request was made in the {format_duration(run.judged_s)} that are judged",
            "all of them began and ended in the warm-up; find out what stopped the generator or the service",
        ),
    )


def _find_unobserved(run: Run) -> tuple[Fault, ...]:
    """Observers with missing observations; runs of older versions don't say how many there should be."""
    facts, telemetry = run.facts, run.telemetry
    if facts.observations is None or facts.ended_s is None:
        return ()
    faults = []
    told = list_generators(telemetry)
    alone = facts.workers == 1 and told == [GENERATOR]
    expected = told if alone else [name_worker_source(number) for number in range(facts.workers)]
    if missing := [source for source in expected if source not in told]:
        processes = format_count(facts.workers, "generator process", "generator processes")
        faults.append(Fault(f"{len(missing)} of {processes} reported nothing about their health", RUN_AGAIN))
    for source in (each for each in expected if each in told):
        t_s, _ = telemetry.select_series("loop_lag_ms", source)
        if blind_s := _compute_blind_s(run, t_s, source):
            faults.append(
                Fault(f"the {source} was not observed for {format_duration(round(blind_s))}", RUN_AGAIN)
            )
    if blind_s := _compute_blind_s(run, telemetry.select_series(PROBED, SERVICE)[0], GENERATOR):
        unknown = (
            f"the service was not observed for {format_duration(round(blind_s))}, so its health is not known"
        )
        faults.append(Fault(unknown, RUN_AGAIN))
    return tuple(faults)


def _compute_blind_s(run: Run, t_s: Floats, observer: str) -> float:
    """Seconds without an observation by a process; 0 if they are within what is tolerated.

    Observations may begin with the first judged stage, because workers learn of a run after its calibration.
    Time for which the process reports an event-loop lag is not counted: that lag has a limit of its own.
    """
    end_s = run.elapsed_s
    judged_from_s = min((stage.start_s for stage in run.facts.judged_stages), default=0.0)
    start_s = min(float(t_s[0]) if len(t_s) else 0.0, judged_from_s)
    moments = np.concatenate(([start_s], t_s[t_s < end_s], [end_s]))
    lag_at_s, lag_ms = run.telemetry.select_series("loop_lag_ms", observer)
    blind_s = 0.0
    for since_s, until_s in pairwise(moments):
        if until_s - since_s > 2 * PERIOD_S:
            told = (lag_at_s > since_s) & (lag_at_s <= until_s + 2 * PERIOD_S)
            blind_s += max(0.0, until_s - since_s - 2 * PERIOD_S - float(lag_ms[told].sum()) / 1000.0)
    return blind_s if blind_s > max(TOLERATED_S, TOLERATED_SHARE * end_s) else 0.0
