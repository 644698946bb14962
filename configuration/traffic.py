"""The traffic of a scenario: who sends requests, where to, and how long they may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.endpoint import Endpoint, read_endpoints
from configuration.journey import Journey, Step, read_journeys, read_steps
from configuration.levels import LoadModel
from configuration.readers import make_name_reader, make_weights_reader, read_duration
from configuration.units import write_duration

PACE_S: Final[Mapping[str, float]] = {"paced": 1.0}
"""Seconds from one request of a user to the next, for the paced user classes."""

USER_CLASS_NAMES: Final = ("paced", "normal", "high", "stress", "eager")
"""Paced users send once a second; normal, high and stress users think for 0.5–2 s, 0.1–0.5 s and 0.05–0.2 s
after each reply; eager users send again at once."""


@dataclass(frozen=True)
class Traffic:
    """Who sends (weights of user classes, empty in the open model), where to, and the timeout."""

    user_classes: Mapping[str, float] = field(default_factory=lambda: {"paced": 1.0})
    timeout_s: float = 10.0
    endpoints: tuple[Endpoint, ...] = (Endpoint(),)
    journeys: tuple[Journey, ...] = ()
    login: tuple[Step, ...] = ()
    """What each user does once, before anything else."""

    @property
    def all_endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint that requests go to, in the order of their codes in samples."""
        steps = (*self.login, *(step for journey in self.journeys for step in journey.steps))
        return (*self.endpoints, *(step.endpoint for step in steps))

    @property
    def pace_s(self) -> float | None:
        """Seconds between a user's requests, on average over the mix; None if a class is not paced."""
        if not self.user_classes or not set(self.user_classes) <= set(PACE_S):
            return None
        total = sum(self.user_classes.values())
        return total / sum(weight / PACE_S[name] for name, weight in self.user_classes.items())

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this traffic."""
        user = {"user": dict(self.user_classes)} if self.user_classes else {}
        return user | {
            "timeout": write_duration(self.timeout_s),
            **({"endpoints": [each.resolve() for each in self.endpoints]} if self.endpoints else {}),
            **({"journeys": [each.resolve() for each in self.journeys]} if self.journeys else {}),
            **({"login": [each.resolve() for each in self.login]} if self.login else {}),
        }


def make_default_traffic(model: LoadModel) -> Traffic:
    """One request a second and user (closed), or just the requests (open), to the insurance model."""
    return Traffic() if model == "closed" else Traffic(user_classes={})


def read_traffic(node: Node, model: LoadModel, folder: Path) -> Traffic:
    """The traffic section; payload files are looked for in `folder`."""
    default = make_default_traffic(model)
    with node.read_mapping("a mapping with user, timeout, endpoints") as keys:
        if model == "open":
            keys.refuse("user", "this belongs to the closed model (users); arrivals at a rate have no users")
            classes = default.user_classes
        else:
            classes = keys.read_or("user", _read_user_classes, default.user_classes)
        timeout_s = keys.read_or("timeout", read_duration, default.timeout_s)
        usual = () if "journeys" in keys else default.endpoints
        endpoints = keys.read_or("endpoints", partial(read_endpoints, folder=folder), usual)
        journeys = keys.read_or("journeys", partial(read_journeys, folder=folder), ())
        login = keys.read_or("login", partial(read_steps, folder=folder), ())
    traffic = Traffic(classes, timeout_s, endpoints, journeys, login)
    _refuse_repeated_names(node, traffic)
    return traffic


def _refuse_repeated_names(node: Node, traffic: Traffic) -> None:
    names = [endpoint.name for endpoint in traffic.all_endpoints]
    for name in names:
        if names.count(name) > 1:
            raise node.report_problem(
                f"{name!r} is the name of two endpoints or steps; give each a different one"
            )


def _read_user_classes(node: Node) -> dict[str, float]:
    if isinstance(node.value, Mapping):
        return make_weights_reader("user class", *USER_CLASS_NAMES)(node)
    return {make_name_reader(*USER_CLASS_NAMES)(node): 1.0}
