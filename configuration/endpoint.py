"""Where requests go: an endpoint with its method, its payload and what its replies must be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.payload import Payload, read_payload
from configuration.readers import make_name_reader, read_text, read_weight, refuse_repeated
from configuration.reply import ReplyExpectation, read_reply

METHODS: Final = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Endpoint:
    """Where requests go, what they carry, and what the replies must be."""

    name: str = "prediction"
    path: str = "/api/models/insurance_charges_model/prediction"
    method: str = "POST"
    weight: float = 1.0
    payload: Payload = field(default_factory=Payload)
    reply: ReplyExpectation = field(default_factory=lambda: ReplyExpectation("charges"))

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this endpoint."""
        return {
            "name": self.name,
            "path": self.path,
            "method": self.method,
            "weight": self.weight,
            "payload": self.payload.resolve(),
            "reply": self.reply.resolve(),
        }


def read_endpoints(node: Node, folder: Path) -> tuple[Endpoint, ...]:
    """The list of endpoints; files are looked for in `folder`."""
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
        payload = keys.read_or("payload", partial(read_payload, folder=folder), Payload())
        has_file = keys.could_read("payload") and payload.file is not None
        default = ReplyExpectation() if has_file else ReplyExpectation("charges")
        reply = keys.read_or("reply", read_reply, default)
    return Endpoint(name, path, method, weight, payload, reply)


def _read_url_path(node: Node) -> str:
    path = read_text(node)
    if not path.startswith("/") or not path.isascii() or " " in path:
        raise node.report_mismatch("a path on the host that begins with / and holds no blanks")
    return path
