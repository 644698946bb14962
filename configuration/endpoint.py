"""Where requests go: an endpoint with its method, headers, payload, and what its replies must be.

    - name: order
      method: POST                            # GET, HEAD, POST, PUT, PATCH or DELETE
      path: /customers/{customer}/orders?page={page}
      headers: {X-Tenant: "{tenant}", X-Api-Key: "${API_KEY}"}
      values: {customer: {sequence: 1}, page: {uniform: [1, 5], whole: true}, tenant: {choice: [a, b]}}
      payload: {schema: order.schema.json}    # see configuration/payload.py
      expect: {realistic: 201, invalid: 422}  # statuses that are right, by kind; or one for all kinds
      reply: {fields: {total: {min: 0}}}      # see configuration/reply.py
      parity: {probes: 50, share: 5 %}        # the same answers under load: see configuration/parity.py
      weight: 1

An endpoint of the Open Inference Protocol over gRPC names a model instead of path and method:

    - name: infer
      grpc: {model: iris, version: "1"}       # the method ModelInfer; the version may be left out
      payload: {fields: {...}, template: {inputs: [...]}}    # the body that the protocol has over HTTP
      reply: {...}                            # is asked of the reply as the protocol has it over HTTP

Statuses are then the HTTP statuses that mean the same as those of gRPC.

`{name}` is one of the `values`, which are drawn for each request like the fields of a record, or else a field
of the record that the request carries. `${NAME}` is an environment variable: it is read where requests are
sent, and not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import MappingReader, Node, read_all
from configuration.fields import Field, read_fields
from configuration.parity import Parity, read_parity
from configuration.payload import PAYLOAD_KINDS, InsuranceRecords, Payload, RecordFile, read_payload
from configuration.readers import (
    make_name_reader,
    make_whole_number_reader,
    read_text,
    read_weight,
    refuse_repeated,
)
from configuration.reply import ReplyExpectation, read_reply

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
BODILESS: Final = ("GET", "HEAD", "DELETE")
"""Methods whose requests have no body unless a payload is stated."""
FRAMING_HEADERS: Final = ("content-length", "transfer-encoding", "host", "connection")
"""Headers that follow from the request and its connection."""
_TOKEN: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_VISIBLE: Final = re.compile(r"[ -~\t]*")

Statuses = Mapping[str, tuple[int, ...]]
"""By kind of payload, the statuses that are right."""


GRPC_PATH: Final = "/inference.GRPCInferenceService/ModelInfer"


@dataclass(frozen=True)
class GrpcModel:
    """The model that calls of the Open Inference Protocol ask."""

    model: str
    version: str = ""

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this model."""
        return {"model": self.model} | ({"version": self.version} if self.version else {})


@dataclass(frozen=True)
class Endpoint:
    """Where requests go, what they carry, and what the replies must be."""

    name: str = "prediction"
    path: str = "/api/models/insurance_charges_model/prediction"
    method: str = "POST"
    weight: float = 1.0
    payload: Payload | None = field(default_factory=Payload)
    """None for requests without a body."""
    reply: ReplyExpectation = field(default_factory=lambda: ReplyExpectation("charges"))
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Field] = field(default_factory=dict)
    """What fills the placeholders of path and headers, besides the fields of the record."""
    expect: Statuses = field(default_factory=dict)
    """Without an entry a kind's replies are right with any 2xx, those to invalid records with 400 and 422."""
    parity: Parity | None = None
    """Whether, and how, answers under load are compared with those at rest."""
    grpc: GrpcModel | None = None
    """None for a request of HTTP/1.1."""

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this endpoint."""
        more = {
            "headers": dict(self.headers),
            "values": {name: each.resolve() for name, each in self.values.items()},
            "expect": {kind: list(statuses) for kind, statuses in self.expect.items()},
            "parity": None if self.parity is None else self.parity.resolve(),
        }
        place: dict[str, Any] = {"path": self.path, "method": self.method}
        return {
            "name": self.name,
            **({"grpc": self.grpc.resolve()} if self.grpc else place),
            "weight": self.weight,
            "payload": None if self.payload is None else self.payload.resolve(),
            "reply": self.reply.resolve(),
        } | {name: value for name, value in more.items() if value}


def read_endpoints(node: Node, folder: Path) -> tuple[Endpoint, ...]:
    """The list of endpoints; files are looked for in `folder`."""
    read = partial(_read_endpoint, folder=folder)
    endpoints = node.read_items(read, "a list of endpoints, each with name and path")
    refuse_repeated(node, "name", [endpoint.name for endpoint in endpoints])
    return tuple(endpoints)


def _read_endpoint(node: Node, folder: Path) -> Endpoint:
    with node.read_mapping("an endpoint with name and path") as keys:
        make = read_endpoint_keys(keys, folder)
        weight = keys.read_or("weight", read_weight, 1.0)
        parity = keys.read_or("parity", read_parity, None)
    endpoint = replace(make(), weight=weight, parity=parity)
    if parity is not None:
        _refuse_incomparable(node, endpoint)
    return endpoint


def _refuse_incomparable(node: Node, endpoint: Endpoint) -> None:
    """Refuse parity where no reply has an answer."""
    if endpoint.method == "HEAD":
        raise node.get_child("parity").report_problem("the replies to HEAD have no body to compare")
    source = None if endpoint.payload is None else endpoint.payload.source
    if isinstance(source, RecordFile) and source.order == "replay":
        raise node.get_child("parity").report_problem(
            "a replayed file is sent as it is; probes would be sent in place of its records"
        )
    if endpoint.payload is not None and set(endpoint.payload.kinds) == {"invalid"}:
        raise node.get_child("parity").report_problem(
            "all requests are invalid, so no reply is an answer; add a kind such as realistic"
        )


def read_endpoint_keys(keys: MappingReader, folder: Path) -> Callable[[], Endpoint]:
    """Read the keys of an endpoint but for its weight; the endpoint is made when all keys could be read."""
    name = keys.read("name", read_text)
    grpc = keys.read_or("grpc", _read_grpc, None)
    if "grpc" in keys:
        for other in ("path", "method"):
            keys.refuse(other, "a gRPC call has its own; the model is named by `grpc`")
        path, method = GRPC_PATH, "POST"
    else:
        path = keys.read("path", read_url_path)
        method = keys.read_or("method", make_name_reader(*METHODS), "POST")
    usual = None if keys.could_read("method") and method in BODILESS else Payload()
    read = partial(read_payload, folder=folder)
    payload = keys.read("payload", read) if "grpc" in keys else keys.read_or("payload", read, usual)
    if "grpc" in keys and keys.could_read("payload") and payload is None:
        keys.refuse(
            "payload", "a gRPC call carries tensors: give fields or a schema, and a template with inputs"
        )
    is_own = (
        keys.could_read("payload") and payload is not None and isinstance(payload.source, InsuranceRecords)
    )
    default = ReplyExpectation("charges") if is_own else ReplyExpectation()
    if keys.could_read("method") and method == "HEAD":
        keys.refuse("reply", "a reply to HEAD has no body to look into")
    reply = keys.read_or("reply", partial(read_reply, folder=folder), default)
    headers = keys.read_or("headers", read_headers, {})
    values = keys.read_or("values", read_fields, {})
    expect = keys.read_or("expect", _read_statuses, {})
    return lambda: Endpoint(name, path, method, 1.0, payload, reply, headers, values, expect, grpc=grpc)


def _read_grpc(node: Node) -> GrpcModel:
    with node.read_mapping("the model that is asked, such as {model: iris}") as keys:
        return GrpcModel(keys.read("model", read_text), keys.read_or("version", read_text, ""))


def read_url_path(node: Node) -> str:
    """A path on the host, perhaps with a query."""
    path = read_text(node)
    if not path.startswith("/") or not path.isascii() or " " in path or "#" in path:
        raise node.report_mismatch("a path on the host that begins with / and holds no blanks")
    return path


def read_headers(node: Node) -> dict[str, str]:
    """Headers by name; their values may hold placeholders."""
    if not isinstance(node.value, Mapping) or not node.value:
        raise node.report_mismatch("headers by name, such as {X-Tenant: blue}")

    def read(each: Node) -> str:
        name = str(each.path[-1])
        if not _TOKEN.fullmatch(name):
            raise each.report_problem(f"{name!r} is no name of a header")
        if name.lower() in FRAMING_HEADERS:
            raise each.report_problem(f"{name} can't be given: it follows from each request")
        if not isinstance(each.value, str) or not _VISIBLE.fullmatch(each.value):
            raise each.report_mismatch("a text of visible ASCII characters")
        return each.value.strip()

    return dict(zip(map(str, node.value), read_all(map(node.get_child, node.value), read), strict=True))


def merge_headers(shared: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Both; one of its `own` replaces a shared one of the same name, in any case."""
    names = {name.lower() for name in own}
    return {name: value for name, value in shared.items() if name.lower() not in names} | dict(own)


def _read_statuses(node: Node) -> Statuses:
    if not isinstance(node.value, Mapping):
        return dict.fromkeys(PAYLOAD_KINDS, _read_codes(node))
    for kind in node.value:
        if kind not in PAYLOAD_KINDS:
            raise node.report_unknown_key(kind, PAYLOAD_KINDS)
    return {kind: _read_codes(node.get_child(kind)) for kind in node.value}


def _read_codes(node: Node) -> tuple[int, ...]:
    read = make_whole_number_reader("an HTTP status", 200, 599)
    if isinstance(node.value, Sequence) and not isinstance(node.value, str):
        return tuple(node.read_items(read, "a list of HTTP statuses"))
    return (read(node),)
