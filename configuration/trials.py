"""The loads by which a capacity is searched: one rate (a trial), more and more users, and rates downward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from configuration.errors import ConfigurationError
from configuration.load import Load
from configuration.scenario import Scenario
from reports.objectives.metrics import goodput
from shapes.composition import Chain, Profile
from shapes.profiles import Constant

TRIAL: Final = "trial"
WARM_UP: Final = "warm-up"
EAGER: Final = {"eager": 1.0}


def check_searchable(scenario: Scenario) -> None:
    """Raise ConfigurationError where a scenario's objectives can't be asked of one rate."""
    name = scenario.name
    for objective in scenario.objectives:
        if objective.during is not None:
            raise ConfigurationError(
                f"the scenario {name!r} asks of a stage: {objective}. Each trial is one rate without stages; "
                "take a copy of the file without 'during'"
            )
        if objective.definition is goodput:
            raise ConfigurationError(
                f"the scenario {name!r} asks for a share of the capacity: {objective}. That is not known "
                "before the search; take a copy of the file without it"
            )
        if objective.lacks_baseline:
            raise ConfigurationError(
                f"the scenario {name!r} compares with a baseline: {objective}. Each trial has another load; "
                "take a copy of the file with a limit of its own"
            )


def make_trial(
    scenario: Scenario,
    name: str,
    rate_per_s: float,
    duration_s: float,
    confidence: float,
    warm_up_s: float,
) -> Scenario:
    """The scenario with one rate as its load, after a warm-up at the same rate."""
    warm_up = Chain((Constant(rate_per_s, warm_up_s),), stage=WARM_UP)
    load = _make_open_load(scenario, Chain((Constant(rate_per_s, duration_s, TRIAL),)), warm_up)
    return replace(
        scenario,
        name=name,
        description=f"{scenario.name} at {rate_per_s:.6g} requests a second",
        load=load,
        traffic=replace(scenario.traffic, user_classes={}),
        confidence=confidence,
    )


def make_descent(
    scenario: Scenario, name: str, overload: Constant, rates_per_s: Sequence[float], each_s: float
) -> Scenario:
    """The scenario with an overload that isn't judged, then lower and lower rates; each is a stage."""
    steps = tuple(Constant(rate, each_s, f"{rate:.6g}/s downward") for rate in rates_per_s)
    return replace(
        scenario,
        name=name,
        description=f"{scenario.name} after an overload, at lower and lower rates",
        load=_make_open_load(scenario, Chain(steps), Chain((overload,), stage=WARM_UP)),
        traffic=replace(scenario.traffic, user_classes={}),
        abort=None,
    )


def make_concurrency_steps(scenario: Scenario, name: str, users: Sequence[int], each_s: float) -> Scenario:
    """The scenario with more and more eager users as its load; each number of them is a stage."""
    steps = tuple(Constant(float(count), each_s, f"{count} users") for count in users)
    return replace(
        scenario,
        name=name,
        description=f"{scenario.name} with {users[0]} to {users[-1]} users who never pause",
        load=Load("closed", Chain(steps)),
        traffic=replace(scenario.traffic, user_classes=EAGER),
        abort=None,
    )


def _make_open_load(scenario: Scenario, profile: Profile, warm_up: Profile) -> Load:
    return Load("open", profile, warm_up, "poisson", scenario.load.in_flight_limit)
