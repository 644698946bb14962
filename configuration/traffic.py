"""The traffic of a scenario: who sends which requests where, and what a reply must contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.levels import LoadModel
from configuration.readers import (
    make_name_reader,
    make_weights_reader,
    make_whole_number_reader,
    read_duration,
    read_text,
    read_weight,
    refuse_repeated,
)
from configuration.units import write_duration

PACE_S: Final[Mapping[str, float]] = {"paced": 1.0}
"""Seconds from one request of a user to the next, for the paced user classes."""

USER_CLASS_NAMES: Final = ("paced", "normal", "high", "stress", "eager")
"""Paced users send once a second; normal, high and stress users think for 0.5–2 s, 0.1–0.5 s and 0.05–0.2 s
after each reply; eager users send again at once."""

PAYLOAD_KINDS: Final = ("realistic", "boundary", "invalid")
METHODS: Final = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Payload:
    """What requests carry: generated records of weighted `kinds`, or the bodies in a JSON Lines `file`.

    `rows` None sends one record as the body; a number sends a list of so many.
    """

    kinds: Mapping[str, float] = field(default_factory=lambda: {"realistic": 1.0})
    rows: int | None = None
    file: Path | None = None

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this payload."""
        source = {"kinds": dict(self.kinds)} if self.file is None else {"file": str(self.file)}
        return source if self.rows is None else source | {"rows": self.rows}


@dataclass(frozen=True)
class Endpoint:
    """Where requests go; `finite` names the number that each prediction in a reply must contain, if any."""

    name: str = "prediction"
    path: str = "/api/models/insurance_charges_model/prediction"
    method: str = "POST"
    weight: float = 1.0
    payload: Payload = field(default_factory=Payload)
    finite: str | None = "charges"

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this endpoint."""
        return {
            "name": self.name,
            "path": self.path,
            "method": self.method,
            "weight": self.weight,
            "payload": self.payload.resolve(),
            "reply": None if self.finite is None else {"finite": self.finite},
        }


@dataclass(frozen=True)
class Traffic:
    """Who sends (weights of user classes, empty in the open model), where to, and the timeout."""

    user_classes: Mapping[str, float] = field(default_factory=lambda: {"paced": 1.0})
    timeout_s: float = 10.0
    endpoints: tuple[Endpoint, ...] = (Endpoint(),)

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
            "endpoints": [endpoint.resolve() for endpoint in self.endpoints],
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
        endpoints = keys.read_or("endpoints", partial(_read_endpoints, folder=folder), default.endpoints)
    return Traffic(classes, timeout_s, endpoints)


def _read_user_classes(node: Node) -> dict[str, float]:
    if isinstance(node.value, Mapping):
        return make_weights_reader("user class", *USER_CLASS_NAMES)(node)
    return {make_name_reader(*USER_CLASS_NAMES)(node): 1.0}


def _read_endpoints(node: Node, folder: Path) -> tuple[Endpoint, ...]:
    read = partial(_read_endpoint, folder=folder)
    endpoints = node.read_items(read, "a list of endpoints, each with name and path")
    refuse_repeated(node, "name", [endpoint.name for endpoint in endpoints])
    return tuple(endpoints)


def _read_endpoint(node: Node, folder: Path) -> Endpoint:
    with node.read_mapping("an endpoint with name and path") as keys:
        name = keys.read("name", read_text)
        path = keys.read("path", _read_url_path)
        method = keys.read_or("method", make_name_reader(*METHODS), "POST")
        weight = keys.read_or("weight", read_weight, 1.0)
        payload = keys.read_or("payload", partial(_read_payload, folder=folder), Payload())
        has_file = keys.could_read("payload") and payload.file is not None
        finite = keys.read_or("reply", _read_reply, None if has_file else "charges")
    return Endpoint(name, path, method, weight, payload, finite)


def _read_url_path(node: Node) -> str:
    path = read_text(node)
    if not path.startswith("/") or not path.isascii() or " " in path:
        raise node.report_mismatch("a path on the host that begins with / and holds no blanks")
    return path


def _read_payload(node: Node, folder: Path) -> Payload:
    with node.read_mapping("a mapping with kinds or file, and rows") as keys:
        file = keys.read_or("file", partial(_find_file, folder=folder), None)
        kinds = Payload().kinds
        if "file" in keys:
            keys.refuse("kinds", "a payload is generated (kinds) or comes from a file, not both")
        else:
            kinds = keys.read_or("kinds", make_weights_reader("kind", *PAYLOAD_KINDS), kinds)
        rows = keys.read_or("rows", make_whole_number_reader("rows in a request", 1, 1_000_000), None)
    return Payload(kinds, rows, file)


def _find_file(node: Node, folder: Path) -> Path:
    file = folder / read_text(node)
    if not file.is_file():
        raise node.report_mismatch(f"a JSON Lines file with a request body a line; there is none at {file}")
    return file.resolve()


def _read_reply(node: Node) -> str | None:
    if node.value is None:
        return None
    with node.read_mapping("{finite: <the field that holds a number>}, or null for no check") as keys:
        return keys.read("finite", read_text)
