"""The steady part of a scenario in the form that other tools need: path, bodies, rate and thresholds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.crosscheck.thresholds import to_thresholds
from configuration.fields import NumberField
from configuration.scenario import Scenario
from loadtests.client.target import Target
from loadtests.payloads.deck import build_deck
from loadtests.payloads.request import Request

RECORDS: Final = 256
"""Records in all bodies of a plan: so many single requests, or fewer lists."""
_ANYWHERE: Final = Target.parse("http://127.0.0.1")


class PlanError(Exception):
    """Other tools can't follow the scenario; the message says why, and which ones they can follow."""


@dataclass(frozen=True)
class SteadyPlan:
    """The steady part of a scenario: its longest judged stage, at the level of that stage's middle."""

    scenario: str
    stage: str
    path: str
    rate: float
    """Planned requests a second."""
    rows: int | None
    """Records in the list that each request sends; None where it sends one record as it is."""
    finite: str | None
    """Name of the number that every prediction in a reply holds; None for no check."""
    timeout_s: float
    thresholds: Mapping[str, Sequence[str]]
    untold: Sequence[str]
    """Objectives that no threshold of k6 expresses."""
    bodies: Sequence[str]

    def write(self, path: Path) -> None:
        """Write the plan as JSON, and its bodies one per line to a `.jsonl` of the same name."""
        values = {name: value for name, value in vars(self).items() if name != "bodies"}
        path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        path.with_suffix(".jsonl").write_text("\n".join(self.bodies) + "\n", encoding="utf-8")


def derive_plan(scenario: Scenario) -> SteadyPlan:
    """Derive the plan from a scenario. Raises `PlanError`."""
    if len(scenario.traffic.endpoints) != 1 or len(scenario.traffic.all_endpoints) != 1:
        raise _error(scenario, "has several endpoints, and the tools are compared on one")
    (endpoint,) = scenario.traffic.endpoints
    payload = endpoint.payload
    if endpoint.method != "POST" or payload is None or "invalid" in payload.kinds:
        raise _error(scenario, "sends what is not meant to be answered, or not by POST")
    judged = [stage for stage in scenario.stages if stage.judged]
    if not judged:
        raise _error(scenario, "has no load of its own")
    stage = max(judged, key=lambda each: each.end_s - each.start_s)
    planned = scenario.count_planned_requests(stage.start_s, stage.end_s)
    if planned is None:
        raise _error(scenario, "states no rate: its users think, or a calibration finds it")
    told, untold = to_thresholds(scenario.objectives)
    rows = payload.rows
    if isinstance(rows, NumberField):
        raise _error(scenario, "sends lists of various lengths")
    turns = build_deck(scenario, _ANYWHERE, worker=0).turns[: max(RECORDS // (rows or 1), 1)]
    return SteadyPlan(
        scenario=scenario.name,
        stage=stage.name,
        path=endpoint.path,
        rate=planned / (stage.end_s - stage.start_s),
        rows=rows,
        finite=endpoint.reply.finite,
        timeout_s=scenario.traffic.timeout_s,
        thresholds=told,
        untold=untold,
        bodies=[_body(turn.encoded) for turn in turns if isinstance(turn, Request)],
    )


def _body(encoded: bytes) -> str:
    return encoded.partition(b"\r\n\r\n")[2].decode()


def _error(scenario: Scenario, why: str) -> PlanError:
    return PlanError(
        f"the scenario {scenario.name!r} {why}; take one of paced users or of a rate, such as steady"
    )
