"""What `compare_batch` runs: the same question asked in different forms, one scenario a form and a load."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from configuration.load import Load
from configuration.scenario import Scenario
from configuration.segments import WARM_UP
from shapes.composition import Chain
from shapes.profiles import Constant

BATCH_ROWS: Final = 10
"""Records in a request of the batch forms."""
EAGER_USERS: Final = 8
"""Enough to keep the service busy, and no more than it takes explicit batches at once."""
EAGER_S: Final = 20.0
EAGER_WARM_UP_S: Final = 3.0


@dataclass(frozen=True)
class Form:
    """A way to ask for predictions: of which service, how many rows a request, which share of the users."""

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
"""Beside the load as it is, the batch has two fair counterparts: as many rows, and as many requests."""
EAGER_FORMS: Final = (SINGLE, MICRO_BATCHED, BATCH)
"""Where users don't pause, each form takes what it can get: there is one batch."""


def steady(scenario: Scenario, form: Form) -> Scenario:
    """`scenario` in this form, its users, pace, stages and objectives as they are."""
    load = scenario.load
    assert load.profile is not None
    profile = load.profile.scale_levels(form.users)
    return replace(
        _asked(scenario, form),
        name=f"{scenario.name}-{form.name}",
        load=replace(load, profile=profile, warm_up=load.warm_up and load.warm_up.scale_levels(form.users)),
    )


def eager(scenario: Scenario, form: Form) -> Scenario:
    """A few users who never pause, in this form, under the objectives of `scenario`."""
    asked = _asked(scenario, form)
    return replace(
        asked,
        name=f"eager-{form.name}",
        description=f"{EAGER_USERS} users who never pause, to find how many rows a second they get.",
        load=Load(
            "closed",
            Chain((Constant(EAGER_USERS, EAGER_S, stage="eager"),)),
            Chain((Constant(EAGER_USERS, EAGER_WARM_UP_S),), stage=WARM_UP),
        ),
        traffic=replace(asked.traffic, user_classes={"eager": 1.0}),
    )


def _asked(scenario: Scenario, form: Form) -> Scenario:
    """The scenario with its requests in this form: a list of records goes to the batch endpoint."""
    if form.rows == 1:
        return scenario
    endpoints = tuple(
        replace(
            endpoint,
            name="batch",
            path=f"{endpoint.path}/batch",
            payload=replace(endpoint.payload, rows=form.rows),
        )
        for endpoint in scenario.traffic.endpoints
    )
    return replace(scenario, traffic=replace(scenario.traffic, endpoints=endpoints))
