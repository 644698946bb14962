"""What was full first: processors, one core of them, the queue, or the generator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from capacity.findings import CapacityFindings
from capacity.trials import TrialFigures
from reports.data.quantities import format_number

SaturatedPart = Literal["generator", "processors", "one core", "queue", "unknown"]
FULL: Final = 0.85
"""From this share of its processor time on, a part counts as full."""
QUEUE_SHARE: Final = 0.5
"""From this share of the latency of slow requests on, the queue is what they wait for."""


@dataclass(frozen=True)
class Saturation:
    """The part that limits the service, and what that was seen by."""

    part: SaturatedPart
    sentence: str


def find_saturation(found: CapacityFindings) -> Saturation:
    """What was full at the lowest broken rate; without one, why there is none."""
    broken = [trial for trial in found.trials if trial.outcome == "broken"]
    if not broken:
        invalid = [trial for trial in found.trials if trial.outcome == "invalid"]
        if invalid:
            return Saturation("generator", f"The load generator was full first: {invalid[0].reason}")
        return Saturation("unknown", "Nothing was full: no rate broke the objectives.")
    return _find_in_service(min(broken, key=lambda trial: trial.planned_per_s), _count_cores(found.machine))


def _find_in_service(trial: TrialFigures, cores: int | None) -> Saturation:
    at = f"at {format_number(trial.planned_per_s)} requests/s"
    used = trial.service_cores
    if used is not None and cores is not None and used >= FULL * cores:
        return Saturation(
            "processors", f"The processors were full first: {format_number(used)} of {cores} cores {at}."
        )
    if used is not None and FULL <= used <= 2 - FULL:
        return Saturation(
            "one core", f"One core was full first: the service used {format_number(used)} cores {at}."
        )
    if trial.slow is not None and trial.figures.p99_ms:
        share = trial.slow.queue_ms / trial.figures.p99_ms
        if share >= QUEUE_SHARE:
            return Saturation(
                "queue",
                f"The queue was full first: {format_number(100 * share)} % of the latency of slow "
                "requests was "
                f"waiting in it {at}.",
            )
    if used is None:
        return Saturation("unknown", f"What was full {at} could not be seen: the service was not observed.")
    return Saturation(
        "unknown",
        f"Nothing that was observed was full {at} ({format_number(used)} cores in use): look at what the "
        "service "
        "waits for, such as locks, a pool of connections, or another service.",
    )


def _count_cores(machine: Mapping[str, str]) -> int | None:
    text = machine.get("cores", "")
    return int(text) if text.isdecimal() else None
