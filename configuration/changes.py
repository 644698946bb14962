"""Changes that a command line makes to a scenario: another load, another endpoint, more objectives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from configuration.endpoint import Endpoint
from configuration.errors import ConfigurationError
from configuration.load import Load
from configuration.loading import list_known_names
from configuration.objectives import KnownNames
from configuration.scenario import Scenario
from configuration.traffic import Traffic
from reports.objectives.objective import Objective
from reports.objectives.parsing import ObjectiveError, parse_objective
from shapes.composition import Chain, Profile

OPTION: Final = "--objective"


def replace_load(scenario: Scenario, profile: Profile | None, option: str, said: str) -> Scenario:
    """The scenario with users over time in place of its own load and warm-up; `said` goes with the run.

    Without a `profile` it is chosen at the start of a run. ConfigurationError, beginning with `option`, in
    the open model, and if an objective is about a stage that the new load does not have.
    """
    if scenario.load.model == "open":
        raise ConfigurationError(
            f"{option}: the scenario {scenario.name!r} follows the open model: requests arrive at a rate, "
            "and there are no users whose number could be changed. Change the rate in a copy of its file, or "
            "take a scenario with users"
        )
    changed = replace(
        scenario,
        load=Load("closed", None if profile is None else Chain((profile,))),
        load_override=said,
    )
    stages = {stage.name for stage in changed.stages}
    aborting = () if scenario.abort is None else scenario.abort.unless
    for objective in (*scenario.objectives, *aborting):
        if objective.during is not None and objective.during not in stages:
            raise ConfigurationError(
                f"{option}: the objective '{objective}' is about a stage of the load of the scenario "
                f"{scenario.name!r}, which would be replaced. Take a copy of its file without 'during', or "
                "keep its load"
            )
    return changed


def add_objectives(
    scenario: Scenario, sentences: Sequence[str], *, replacing: bool = False, own_users: bool = False
) -> Scenario:
    """The scenario with more objectives, or with these, if there are any, `replacing` its own.

    `own_users` of somebody's locustfile may use any name for their requests. ConfigurationError for a
    sentence that is no objective, names what is not there, or is stated already.
    """
    names = list_known_names(scenario, own_users)
    found = [] if replacing else list(scenario.objectives)
    for sentence in sentences:
        objective = _parse(sentence, names)
        if objective in found:
            raise ConfigurationError(f"{OPTION}: '{objective}' is stated already; leave one out")
        found.append(objective)
    return replace(scenario, objectives=tuple(found)) if sentences else scenario


def _parse(sentence: str, names: KnownNames) -> Objective:
    try:
        return parse_objective(sentence, names.endpoints, names.stages)
    except ObjectiveError as error:
        raise ConfigurationError(f"{OPTION}: {error}") from None


def replace_endpoint(scenario: Scenario, endpoint: Endpoint) -> Scenario:
    """The scenario with this endpoint in place of the suite's own service's.

    ConfigurationError if it says itself what is sent.
    """
    if not sends_to_own_service(scenario.traffic):
        names = ", ".join(each.name for each in scenario.traffic.all_endpoints)
        raise ConfigurationError(
            f"--path: the scenario {scenario.name!r} says itself what is sent ({names}). Leave --path "
            "out, or change its file"
        )
    return replace(scenario, traffic=replace(scenario.traffic, endpoints=(endpoint,)))


def sends_to_own_service(traffic: Traffic) -> bool:
    """Whether a scenario left out what is sent, so that it is what the suite's own service expects."""
    return traffic.all_endpoints == Traffic().all_endpoints
