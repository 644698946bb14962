"""The traffic of a scenario: who sends requests, where to, and how long they may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.credentials import Credentials, read_credentials
from configuration.document import Node
from configuration.endpoint import Endpoint, merge_headers, read_endpoints, read_headers
from configuration.journey import Journey, Step, read_journeys, read_steps
from configuration.levels import LoadModel
from configuration.readers import make_name_reader, make_weights_reader, read_duration, read_weight
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
    headers: Mapping[str, str] = field(default_factory=dict)
    """What all requests carry; a header of an endpoint's own replaces the one of its name."""
    credentials: Credentials | None = None

    @property
    def all_endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint, with all its headers; their order gives the codes in samples."""
        steps = (*self.login, *(step for journey in self.journeys for step in journey.steps))
        endpoints = (*self.endpoints, *(step.endpoint for step in steps))
        if not self.headers:
            return endpoints
        return tuple(replace(each, headers=merge_headers(self.headers, each.headers)) for each in endpoints)

    @property
    def turn_starts(self) -> tuple[str, ...]:
        """The endpoints whose requests begin a turn; none if all requests do."""
        if not self.journeys and not self.login:
            return ()
        first_steps = [journey.steps[0].endpoint for journey in self.journeys]
        return tuple(endpoint.name for endpoint in (*self.endpoints, *first_steps))

    @property
    def is_grpc(self) -> bool:
        """Whether requests are gRPC calls; the endpoints of a scenario all are, or none is."""
        return any(endpoint.grpc for endpoint in self.all_endpoints)

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
            **({"headers": dict(self.headers)} if self.headers else {}),
            **({"credentials": self.credentials.resolve()} if self.credentials is not None else {}),
            **({"endpoints": [each.resolve() for each in self.endpoints]} if self.endpoints else {}),
            **({"journeys": [each.resolve() for each in self.journeys]} if self.journeys else {}),
            **({"login": [each.resolve() for each in self.login]} if self.login else {}),
        }


def make_default_traffic(model: LoadModel) -> Traffic:
    """One request a second and user (closed), or just the requests (open), to the insurance model."""
    return Traffic() if model == "closed" else Traffic(user_classes={})


def read_traffic(node: Node, model: LoadModel, folder: Path, own_users: bool = False) -> Traffic:
    """The traffic section; payload files are looked for in `folder`.

    With `own_users` a user class may be one of somebody's locustfile.
    """
    default = make_default_traffic(model)
    with node.read_mapping("a mapping with user, timeout, endpoints") as keys:
        if model == "open":
            keys.refuse("user", "this belongs to the closed model (users); arrivals at a rate have no users")
            classes = default.user_classes
        else:
            read_classes = _read_any_user_classes if own_users else _read_user_classes
            classes = keys.read_or("user", read_classes, default.user_classes)
        timeout_s = keys.read_or("timeout", read_duration, default.timeout_s)
        headers = keys.read_or("headers", read_headers, {})
        credentials = keys.read_or("credentials", partial(read_credentials, folder=folder), None)
        usual = () if "journeys" in keys else default.endpoints
        endpoints = keys.read_or("endpoints", partial(read_endpoints, folder=folder), usual)
        journeys = keys.read_or("journeys", partial(read_journeys, folder=folder), ())
        login = keys.read_or("login", partial(read_steps, folder=folder), ())
    traffic = Traffic(classes, timeout_s, endpoints, journeys, login, headers, credentials)
    _refuse_repeated_names(node, traffic)
    _refuse_second_credentials(node, traffic)
    if traffic.is_grpc and not all(endpoint.grpc for endpoint in traffic.all_endpoints):
        raise node.report_problem("gRPC and HTTP/1.1 can't share a host; give each a scenario of its own")
    return traffic


def _refuse_second_credentials(node: Node, traffic: Traffic) -> None:
    """A header is given once: by an endpoint, or by the credentials of all."""
    if traffic.credentials is None:
        return
    header = traffic.credentials.header_name
    for endpoint in traffic.all_endpoints:
        if header.lower() in map(str.lower, endpoint.headers):
            raise node.get_child("credentials").report_problem(
                f"requests to {endpoint.name!r} have a header {header} of their own; remove one of the two"
            )


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


def _read_any_user_classes(node: Node) -> dict[str, float]:
    if not isinstance(node.value, Mapping):
        return _read_user_classes(node)
    return {str(name): read_weight(node.get_child(name)) for name in node.value}
