"""What a service says of itself, on its way to a scenario: plain values and the reasons for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class ScaffoldingError(Exception):
    """Why no scenario can be written, in words for the person who asked for one."""


@dataclass(frozen=True)
class EndpointSketch:
    """One request that a service takes, as a scenario would state it."""

    name: str
    method: str
    path: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """What fills the placeholders of path and headers: plain values of fields (configuration/fields.py)."""
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Any] | None = None
    """The payload section, without its schema; None for no body."""
    payload_schema: Mapping[str, Any] | None = None
    """The JSON schema of what is sent (2020-12)."""
    reply_schema: Mapping[str, Any] | None = None
    """The JSON schema of a right reply (2020-12)."""
    reply: Mapping[str, Any] | None = None
    """The reply section."""
    expect: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Statuses that are right, by kind of payload."""
    take: Mapping[str, str] = field(default_factory=dict)
    """Of a login: the values that later requests need, and where its reply holds them."""
    grpc: str | None = None
    """The model that a gRPC call asks, instead of method and path; None for a request over HTTP."""
    weight: int = 1
    guesses: tuple[str, ...] = ()
    left_out: str | None = None
    """Why it is written as a comment; None where it is sent."""

    @property
    def title(self) -> str:
        """Its method and path, for messages."""
        if self.grpc is not None:
            return f"gRPC ModelInfer {self.grpc}"
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class ServiceSketch:
    """All that a service says of itself."""

    name: str
    """The name of the scenario."""
    title: str
    source: str
    """Where it was read, in words."""
    endpoints: tuple[EndpointSketch, ...]
    login: EndpointSketch | None = None
    guesses: tuple[str, ...] = ()
    ready_path: str | None = None
    """Where it tells that it is ready; None where the load test asks that anyway, or there is none."""

    @property
    def sent(self) -> tuple[EndpointSketch, ...]:
        """The endpoints that are not written as comments."""
        return tuple(each for each in self.endpoints if each.left_out is None)
