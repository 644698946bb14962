"""Finds what can't be in a scenario's plan: users, rates, placeholders, payloads, objectives."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from configuration.endpoint import Endpoint
from configuration.journey import Step
from configuration.payload import RecordFile
from configuration.scenario import Scenario
from loadtests.client.target import Target
from loadtests.payloads.deck import DECK_TURNS
from loadtests.payloads.record_files import read_records
from loadtests.payloads.request_maker import RequestMaker
from loadtests.preflight.growth import find_undecidable_growths
from loadtests.preflight.stalls import find_unmeetable_stalls
from reports.data.quantities import format_count, format_number
from reports.objectives.metrics import error_rate, throughput
from reports.objectives.objective import Objective

RESERVED_FILES: Final = 100
"""File descriptors that a generator process needs for other things than connections."""
LOCUST_FILES: Final = 10_000
"""Locust raises the limit of open files to this, as far as the hard limit allows."""
PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_NOWHERE: Final = Target.parse("http://127.0.0.1:9")


def list_warnings(scenario: Scenario, processes: int | None = 1, *, early_end: bool = False) -> list[str]:
    """What of the plan can't be, or will prove nothing; a sentence each, without full stop.

    `processes` on this machine generate the load; None where it comes from other machines. `early_end` says
    whether the run may end as soon as it is decided.
    """
    return [
        *_find_missing_values(scenario),
        *([] if processes is None else _find_too_many_users(scenario, processes)),
        *_find_unreachable_rates(scenario),
        *_find_repeated_payloads(scenario),
        *_find_short_stages(scenario),
        *find_undecidable_growths(scenario),
        *find_unmeetable_stalls(scenario, early_end=early_end),
    ]


def count_needed(budget: float, confidence: float) -> int:
    """How many samples prove a limit that a share `budget` may exceed, if none does: (1 - budget)^n <= 1 - c.

    The least number of `reports.judging.confidence.compute_required_samples`, without SciPy, which is not
    loaded beside a load.
    """
    return math.ceil(math.log(1.0 - confidence) / math.log(1.0 - budget) - 1e-9)


def _find_missing_values(scenario: Scenario) -> Iterator[str]:
    """Placeholders without a value, and environment variables that are not set."""
    traffic = scenario.traffic
    from_login = _list_taken(traffic.login)
    for endpoint in traffic.endpoints:
        yield from _try_to_make(endpoint, from_login)
    for steps in (traffic.login, *(journey.steps for journey in traffic.journeys)):
        for place, step in enumerate(steps):
            earlier = set() if steps is traffic.login else from_login
            yield from _try_to_make(step.endpoint, earlier | _list_taken(steps[:place]))


def _list_taken(steps: Sequence[Step]) -> set[str]:
    return {name for step in steps for name in step.take}


def _try_to_make(endpoint: Endpoint, taken: set[str]) -> Iterator[str]:
    try:
        RequestMaker(0, endpoint, _NOWHERE, 0, 0).make(values=dict.fromkeys(taken, "x"))
    except ValueError as error:
        yield f"{endpoint.name}: {error}"


def _find_too_many_users(scenario: Scenario, processes: int) -> Iterator[str]:
    """More users than connections that this machine can open."""
    if scenario.is_manual or scenario.load.model == "open":
        return
    users = math.ceil(scenario.full_profile.peak)
    files = processes * (_find_file_limit() - RESERVED_FILES)
    if users > files:
        yield (
            f"{users:,} users are planned, and {format_count(processes, 'process', 'processes')} can open "
            f"{files:,} connections: raise the limit of open files (ulimit -n), or use more --processes"
        )
    ports = _count_ports()
    if ports is not None and users > ports:
        yield (
            f"{users:,} users are planned, and this machine has {ports:,} ports for connections to one "
            "address: generate the load from several machines (--master, --worker)"
        )


def _find_file_limit() -> int:
    soft, hard = (
        2**31 if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    return max(soft, LOCUST_FILES) if hard >= LOCUST_FILES else soft


def _count_ports() -> int | None:
    """How many local ports there are for outgoing connections; None where the system doesn't tell."""
    try:
        low, high = map(int, PORT_RANGE.read_text().split())
    except (OSError, ValueError):
        return None
    return high - low + 1


def _find_unreachable_rates(scenario: Scenario) -> Iterator[str]:
    """Objectives that ask for more successful replies per second than requests are planned."""
    for objective in scenario.objectives:
        if objective.definition is not throughput or not objective.is_minimum or objective.window_s:
            continue
        planned, lasts_s = _count_planned(scenario, objective)
        if planned is not None and lasts_s and planned / lasts_s < objective.limit:
            rate = format_number(planned / lasts_s)
            yield f"'{objective}' can't be met: {rate} requests/s are planned"


def _find_repeated_payloads(scenario: Scenario) -> Iterator[str]:
    """Files whose records are sent many times, or of which only some are sent."""
    planned = None if scenario.planned_s is None else scenario.make_plan().requests
    for endpoint in scenario.traffic.all_endpoints:
        source = None if endpoint.payload is None else endpoint.payload.source
        if not isinstance(source, RecordFile) or source.order == "replay":
            continue
        try:
            records = len(read_records(source.file))
        except (ValueError, OSError):  # told where the scenario is read
            continue
        share = _find_share(scenario, endpoint.name)
        if records > DECK_TURNS and source.order == "cycled":
            yield (
                f"{endpoint.name}: {source.file.name} holds {records:,} records, and each process repeats "
                f"its first {DECK_TURNS:,} at most"
            )
        elif planned is not None and share is not None and planned * share > 2 * records:
            times = planned * share / records
            yield (
                f"{endpoint.name}: {source.file.name} holds {format_count(records, 'record')}, and each is "
                f"sent about {times:,.0f} times: a cache makes the service look faster than it is"
            )


def _find_short_stages(scenario: Scenario) -> Iterator[str]:
    """Objectives about which too few requests are planned to prove them."""
    for objective in scenario.objectives:
        budget = _find_budget(objective)
        planned, _ = _count_planned(scenario, objective)
        if budget is None or planned is None or objective.window_s is not None:
            continue
        needed = count_needed(budget, scenario.confidence)
        if planned < needed:
            yield (
                f"'{objective}' can't be proven: {format_count(round(planned), 'request')} planned, "
                f"{needed:,} needed at the least"
            )


def _find_budget(objective: Objective) -> float | None:
    """The share of requests that may exceed the limit; None where no number of requests proves it."""
    if objective.quantile is not None:
        budget = float(1 - objective.quantile)
    elif objective.definition is error_rate and not objective.is_minimum:
        budget = objective.limit
    else:
        return None
    return budget if 0.0 < budget < 1.0 else None


def _count_planned(scenario: Scenario, objective: Objective) -> tuple[float | None, float]:
    """How many requests that the objective is about are planned, None if unknown, in how many seconds."""
    if scenario.planned_s is None:
        return None, 0.0
    stages = [stage for stage in scenario.stages if stage.judged and objective.during in (None, stage.name)]
    counts = [scenario.count_planned_requests(stage.start_s, stage.end_s) for stage in stages]
    lasts_s = sum(stage.end_s - stage.start_s for stage in stages)
    share = 1.0 if objective.on is None else _find_share(scenario, objective.on)
    if share is None or None in counts or scenario.load.calibration is not None:
        return None, lasts_s  # in a calibrated load the levels are multiples of a capacity not yet known
    return share * sum(count for count in counts if count is not None), lasts_s


def _find_share(scenario: Scenario, endpoint: str) -> float | None:
    """The share of requests that go to an endpoint; None where journeys or a login make it uncertain."""
    traffic = scenario.traffic
    if traffic.journeys or traffic.login:
        return None
    weights = {each.name: each.weight for each in traffic.endpoints}
    return weights[endpoint] / sum(weights.values())
