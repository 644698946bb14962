"""The scenario of the next run, and what Locust is told of it: shape, user classes, patience."""

from __future__ import annotations

from dataclasses import dataclass, replace

from locust.env import Environment

from configuration.scenario import Scenario
from loadtests.cli.settings import Settings, build_manual_profile
from loadtests.client.credentials import check_credentials
from loadtests.client.target import read_headers
from loadtests.payloads.checking import check_replies
from loadtests.payloads.record_files import check_files
from loadtests.traffic.user_mix import set_user_classes, with_picked_users
from shapes.locust_shape import GuestShape, ProfileShape


@dataclass(frozen=True)
class ChosenScenario:
    """A scenario as it was stated, and as it is run."""

    stated: Scenario
    scenario: Scenario
    """The same; where the load is stated in multiples of a capacity, with the rates that follow from it.

    Until the calibration has found the capacity it counts as 1/s: the times of the stages are known.
    """
    is_planned: bool = True
    """Whether its users are known beforehand; those of a load shape of somebody's own are not."""

    def with_capacity(self, capacity_per_s: float) -> ChosenScenario:
        """The same with the capacity that a calibration found."""
        return replace(self, scenario=self.stated.apply_capacity(capacity_per_s))


def choose_scenario(
    environment: Environment, shape: ProfileShape, scenario: Scenario, settings: Settings
) -> ChosenScenario:
    """Prepare `environment` and `shape` for a run of `scenario`."""
    check_files(scenario)
    check_replies(scenario)
    check_credentials(scenario.traffic.credentials, read_headers())
    if scenario.is_manual:
        scenario = scenario.with_profile(build_manual_profile(settings))
    is_guest = isinstance(shape, GuestShape)
    # An endless load is left to Locust: it can be edited, and goes on until it is stopped.
    environment.shape_class = None if scenario.planned_s is None and not is_guest else shape
    calibrates = scenario.load.calibration is not None
    chosen = ChosenScenario(scenario, scenario.apply_capacity(1.0) if calibrates else scenario, not is_guest)
    opened = scenario.load.model == "open"
    shape.follow(chosen.scenario.full_profile, one_user_per_process=opened)
    environment.stop_timeout = max(environment.stop_timeout, scenario.traffic.timeout_s)
    if settings.picks_users and not opened:
        return take_picked_users(environment, chosen)
    set_user_classes(environment, scenario)
    return chosen


def take_picked_users(environment: Environment, chosen: ChosenScenario) -> ChosenScenario:
    """The same with the user classes of the environment, picked by hand, instead of the scenario's.

    In the open model nobody is a user, so its arrivals stay.
    """
    if chosen.scenario.load.model == "open":
        set_user_classes(environment, chosen.scenario)
        return chosen
    return replace(
        chosen,
        stated=with_picked_users(chosen.stated, environment),
        scenario=with_picked_users(chosen.scenario, environment),
    )
