"""Who sends: the user classes of a scenario, or those somebody picked."""

from __future__ import annotations

import logging
from dataclasses import replace

from locust import User
from locust.env import Environment

from configuration.scenario import Scenario
from loadtests.traffic.open_model import ArrivalUser
from loadtests.traffic.users import USER_CLASSES

logger = logging.getLogger(__name__)


def take_users(environment: Environment, scenario: Scenario) -> None:
    """Let the scenario's user classes send, by their weights; in the open model its arrivals."""
    if scenario.load.model == "open":
        environment.user_classes = [ArrivalUser]
        return
    classes: list[type[User]] = []
    for name, weight in scenario.traffic.user_classes.items():
        user_class = USER_CLASSES[name]
        user_class.weight = weight
        classes.append(user_class)
    environment.user_classes = classes
    ours = {user_class.__name__ for user_class in USER_CLASSES.values()}
    if foreign := set(environment.available_user_classes or ()) - ours:
        logger.warning(
            "%s: not used, the scenario says who sends; to use it, name it on the command line",
            ", ".join(sorted(foreign)),
        )


def with_picked_users(scenario: Scenario, environment: Environment) -> Scenario:
    """The scenario with the environment's user classes, picked by hand, in the place of its own."""
    names: dict[type[User], str] = {user_class: name for name, user_class in USER_CLASSES.items()}
    weights = {
        names.get(picked, picked.__name__): float(picked.weight) for picked in environment.user_classes
    }
    return replace(scenario, traffic=replace(scenario.traffic, user_classes=weights))
