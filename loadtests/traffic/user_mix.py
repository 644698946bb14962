"""Which user classes send: those of the scenario, or those picked by hand."""

from __future__ import annotations

import logging
import types
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from locust import User
from locust.env import Environment

from configuration.scenario import Scenario
from loadtests.traffic.open_model import ArrivalUser
from loadtests.traffic.users import USER_CLASSES

logger = logging.getLogger(__name__)


def set_user_classes(environment: Environment, scenario: Scenario) -> None:
    """Let the user classes of the scenario send, by their weights; in the open model its arrivals."""
    if scenario.load.model == "open":
        environment.user_classes = [ArrivalUser]
        return
    weights = scenario.traffic.user_classes
    environment.user_classes = [_weigh(USER_CLASSES[name], weight) for name, weight in weights.items()]
    if own := list_own_classes((environment.available_user_classes or {}).values()):
        logger.warning(
            "%s: not used, the scenario says who sends; to use it, name it on the command line",
            ", ".join(sorted(each.__name__ for each in own)),
        )


def list_own_classes(classes: Iterable[Any]) -> list[type[User]]:
    """Those of `classes` that somebody wrote in a locustfile, told by their names."""
    ours = {user_class.__name__ for user_class in USER_CLASSES.values()}
    return [each for each in classes if each.__name__ not in ours]


def with_picked_users(scenario: Scenario, environment: Environment) -> Scenario:
    """The scenario with the user classes of the environment, picked by hand, instead of its own."""
    names = {user_class.__name__: name for name, user_class in USER_CLASSES.items()}
    weights = {
        names.get(picked.__name__, picked.__name__): float(picked.weight)
        for picked in environment.user_classes
    }
    return replace(scenario, traffic=replace(scenario.traffic, user_classes=weights))


def _weigh(user_class: type[User], weight: float) -> type[User]:
    """A subclass of the same name with this weight: the class itself serves every scenario."""
    weighted: type[User] = types.new_class(
        user_class.__name__, (user_class,), exec_body=lambda body: body.update(weight=weight)
    )
    return weighted
