"""The traffic of a scenario: who sends which requests where, and what a reply must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.readers import duration, each_its_own, number, one_of, text, weights, whole
from configuration.segments import Model
from configuration.units import write_duration

PACE_S: Final[Mapping[str, float]] = {"paced": 1.0}
"""Seconds from one request of a user to the next, for the user classes that keep a pace."""

USER_CLASSES: Final = ("paced", "normal", "high", "stress", "eager")
"""Paced users send once a second; the next three think 0.5–2 s, 0.1–0.5 s, 0.05–0.2 s after each reply; eager
ones not at all."""

PAYLOAD_KINDS: Final = ("realistic", "boundary", "invalid")
METHODS: Final = ("POST", "PUT", "PATCH")

_WEIGHT: Final = number("a weight, a number above zero", lambda value: value > 0)


@dataclass(frozen=True)
class Payload:
    """What requests carry: generated records of weighted `kinds`, or the bodies in a JSON Lines `file`.

    `rows` None sends one record as the body; a number sends a list of so many.
    """

    kinds: Mapping[str, float] = field(default_factory=lambda: {"realistic": 1.0})
    rows: int | None = None
    file: Path | None = None

    def resolved(self) -> dict[str, Any]:
        """The plain values that read back as this payload."""
        source = {"kinds": dict(self.kinds)} if self.file is None else {"file": str(self.file)}
        return source if self.rows is None else source | {"rows": self.rows}


@dataclass(frozen=True)
class Endpoint:
    """Where requests go; `finite` names the number that each prediction in a reply must hold (None: none)."""

    name: str = "prediction"
    path: str = "/api/models/insurance_charges_model/prediction"
    method: str = "POST"
    weight: float = 1.0
    payload: Payload = field(default_factory=Payload)
    finite: str | None = "charges"

    def resolved(self) -> dict[str, Any]:
        """The plain values that read back as this endpoint."""
        return {
            "name": self.name,
            "path": self.path,
            "method": self.method,
            "weight": self.weight,
            "payload": self.payload.resolved(),
            "reply": None if self.finite is None else {"finite": self.finite},
        }


@dataclass(frozen=True)
class Traffic:
    """Who sends (weights of user classes, none in the open model), where to, and how long it may take."""

    user_classes: Mapping[str, float] = field(default_factory=lambda: {"paced": 1.0})
    timeout_s: float = 10.0
    endpoints: tuple[Endpoint, ...] = (Endpoint(),)

    @property
    def pace_s(self) -> float | None:
        """Seconds between a user's requests, on average over the mix; None if some class keeps no pace."""
        if not self.user_classes or not set(self.user_classes) <= set(PACE_S):
            return None
        total = sum(self.user_classes.values())
        return total / sum(weight / PACE_S[name] for name, weight in self.user_classes.items())

    def resolved(self) -> dict[str, Any]:
        """The plain values that read back as this traffic."""
        user = {"user": dict(self.user_classes)} if self.user_classes else {}
        return user | {
            "timeout": write_duration(self.timeout_s),
            "endpoints": [endpoint.resolved() for endpoint in self.endpoints],
        }


def default_traffic(model: Model) -> Traffic:
    """One request a second and user (closed), or just the requests (open), to the insurance model."""
    return Traffic() if model == "closed" else Traffic(user_classes={})


def read_traffic(node: Node, model: Model, folder: Path) -> Traffic:
    """The traffic section; payload files are sought from `folder`."""
    default = default_traffic(model)
    with node.keys("a mapping with user, timeout, endpoints") as keys:
        if model == "open":
            keys.refuse("user", "this belongs to the closed model (users); arrivals at a rate have no users")
            classes = default.user_classes
        else:
            classes = keys.take_or("user", _user_classes, default.user_classes)
        timeout_s = keys.take_or("timeout", duration, default.timeout_s)
        endpoints = keys.take_or("endpoints", partial(_endpoints, folder=folder), default.endpoints)
    return Traffic(classes, timeout_s, endpoints)


def _user_classes(node: Node) -> dict[str, float]:
    if isinstance(node.value, Mapping):
        return weights(USER_CLASSES, "user class")(node)
    return {one_of(*USER_CLASSES)(node): 1.0}


def _endpoints(node: Node, folder: Path) -> tuple[Endpoint, ...]:
    endpoints = node.items(partial(_endpoint, folder=folder), "a list of endpoints, each with name and path")
    each_its_own(node, "name", [endpoint.name for endpoint in endpoints])
    return tuple(endpoints)


def _endpoint(node: Node, folder: Path) -> Endpoint:
    with node.keys("an endpoint with name and path") as keys:
        name = keys.take("name", text)
        path = keys.take("path", _url_path)
        method = keys.take_or("method", one_of(*METHODS), "POST")
        weight = keys.take_or("weight", _WEIGHT, 1.0)
        payload = keys.take_or("payload", partial(_payload, folder=folder), Payload())
        own = payload is not None and payload.file is not None
        finite = keys.take_or("reply", _reply, None if own else "charges")
    return Endpoint(name, path, method, weight, payload, finite)


def _url_path(node: Node) -> str:
    path = text(node)
    if not path.startswith("/") or not path.isascii() or " " in path:
        raise node.misfit("a path on the host that begins with / and holds no blanks")
    return path


def _payload(node: Node, folder: Path) -> Payload:
    with node.keys("a mapping with kinds or file, and rows") as keys:
        file = keys.take_or("file", partial(_existing_file, folder=folder), None)
        if "file" in keys:
            keys.refuse("kinds", "a payload is generated (kinds) or comes from a file, not both")
            kinds = Payload().kinds
        else:
            kinds = keys.take_or("kinds", weights(PAYLOAD_KINDS, "kind"), Payload().kinds)
        rows = keys.take_or("rows", whole("rows in a request", 1, 1_000_000), None)
    return Payload(kinds, rows, file)


def _existing_file(node: Node, folder: Path) -> Path:
    file = folder / text(node)
    if not file.is_file():
        raise node.misfit(f"a JSON Lines file with a request body a line; there is none at {file}")
    return file.resolve()


def _reply(node: Node) -> str | None:
    if node.value is None:
        return None
    with node.keys("{finite: <the field that holds a number>}, or null for no check") as keys:
        return keys.take("finite", text)
