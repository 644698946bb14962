"""The runs of `compare_batch`: one scenario for each form of request and each load."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from configuration.load import Load
from configuration.payload import Payload
from configuration.scenario import Scenario
from configuration.segments import WARM_UP
from shapes.composition import Chain
from shapes.profiles import Constant

BATCH_ROWS: Final = 10
"""Records in a request of the batch forms."""
EAGER_USERS: Final = 8
"""Enough to keep the service busy, and not more than it accepts batches at the same time."""
EAGER_S: Final = 20.0
EAGER_WARM_UP_S: Final = 3.0


@dataclass(frozen=True)
class Form:
    """A form of request: to which service, with how many rows, from which share of the users."""

    name: str
    title: str
    service: Literal["baseline", "batched"]
    rows: int = 1
    users: float = 1.0


SINGLE: Final = Form("single", "single, stock service", "baseline")
MICRO_BATCHED: Final = Form("micro-batched", "single, micro-batched", "batched")
AS_MANY_ROWS: Final = Form(
    "batch-as-many-rows",
    f"batch of {BATCH_ROWS}, as many rows",
    "batched",
    rows=BATCH_ROWS,
    users=1 / BATCH_ROWS,
)
AS_MANY_REQUESTS: Final = Form(
    "batch-as-many-requests", f"batch of {BATCH_ROWS}, as many requests", "batched", rows=BATCH_ROWS
)
BATCH: Final = replace(AS_MANY_REQUESTS, name="batch", title=f"batch of {BATCH_ROWS}")

STEADY_FORMS: Final = (SINGLE, MICRO_BATCHED, AS_MANY_ROWS, AS_MANY_REQUESTS)
"""A batch can be compared fairly in two ways: with as many rows, and with as many requests."""
EAGER_FORMS: Final = (SINGLE, MICRO_BATCHED, BATCH)
"""Users without pauses get as many replies as they can, so that one batch form is enough."""


def build_steady_scenario(scenario: Scenario, form: Form) -> Scenario:
    """`scenario` in this form, with its pace, stages and objectives, and the form's share of its users."""
    load = scenario.load
    assert load.profile is not None
    profile = load.profile.scale_levels(form.users)
    return replace(
        _apply_form(scenario, form),
        name=f"{scenario.name}-{form.name}",
        load=replace(load, profile=profile, warm_up=load.warm_up and load.warm_up.scale_levels(form.users)),
    )


def build_eager_scenario(scenario: Scenario, form: Form) -> Scenario:
    """A few users without pauses, in this form, with the objectives of `scenario`."""
    applied = _apply_form(scenario, form)
    return replace(
        applied,
        name=f"eager-{form.name}",
        description=f"{EAGER_USERS} users who never pause, to find how many rows a second they get.",
        load=Load(
            "closed",
            Chain((Constant(EAGER_USERS, EAGER_S, stage="eager"),)),
            Chain((Constant(EAGER_USERS, EAGER_WARM_UP_S),), stage=WARM_UP),
        ),
        traffic=replace(applied.traffic, user_classes={"eager": 1.0}),
    )


def _apply_form(scenario: Scenario, form: Form) -> Scenario:
    """The scenario with its requests in this form; several records are a request to the batch endpoint."""
    if form.rows == 1:
        return scenario
    endpoints = tuple(
        replace(
            endpoint,
            name="batch",
            path=f"{endpoint.path}/batch",
            payload=replace(endpoint.payload or Payload(), rows=form.rows),
        )
        for endpoint in scenario.traffic.endpoints
    )
    return replace(scenario, traffic=replace(scenario.traffic, endpoints=endpoints))
