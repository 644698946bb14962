"""Builds the requests of a run: seeded, and encoded before the run starts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from configuration.errors import ConfigurationError
from configuration.scenario import Scenario
from configuration.traffic import Endpoint
from loadtests.client.target import Target
from loadtests.recording.row import KIND_CODES
from loadtests.traffic.records import generate_records

DECK_REQUESTS: Final = 4_096
DECK_BYTES: Final = 32 * 2**20
DECK_RECORDS: Final = 16_384
"""A deck holds as many distinct requests as fit these bounds; users repeat it."""
JSON_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/json"}
IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


@dataclass(frozen=True, slots=True)
class Request:
    """One encoded request, and what its reply must be."""

    name: str
    method: str
    endpoint: int
    kind: int
    rows: int | None
    """Records in the list that is sent; None if a single record is sent."""
    encoded: bytes
    """Head and body as they are sent."""
    rejects: bool
    """Whether the service should refuse it (4xx), because its record is invalid."""
    finite: str | None
    """Name of the number that every prediction in the reply must hold; None for no check."""
    repeatable: bool = False
    """Whether its method is idempotent (RFC 9110, 9.2.2)."""


def build_deck(scenario: Scenario, target: Target, worker: int) -> list[Request]:
    """The requests that the users of one worker repeat, endpoints and kinds mixed by their weights.

    Equal arguments give equal decks; each `worker` has its own random stream.
    """
    seed = scenario.seeds["payloads"] * 1_000_003 + worker
    chance = random.Random(seed)  # noqa: S311 - payloads want a seed, not secrecy
    endpoints = scenario.traffic.endpoints
    makers = [_build_requests(index, endpoint, target, seed) for index, endpoint in enumerate(endpoints)]
    weights = [endpoint.weight for endpoint in endpoints]
    requests: list[Request] = []
    size = records_made = 0
    while len(requests) < DECK_REQUESTS and size < DECK_BYTES and records_made < DECK_RECORDS:
        request = next(chance.choices(makers, weights)[0])
        requests.append(request)
        size += len(request.encoded)
        records_made += request.rows or 1
    return requests


def _build_requests(index: int, endpoint: Endpoint, target: Target, seed: int) -> Iterator[Request]:
    chance = random.Random(seed + index)  # noqa: S311
    kinds = list(endpoint.payload.kinds)
    weights = list(endpoint.payload.kinds.values())
    bodies = _records_by_kind(endpoint, seed + index)
    rows = endpoint.payload.rows
    head = target.encode_head(endpoint.method, endpoint.path, JSON_HEADERS)
    while True:
        kind = chance.choices(kinds, weights)[0]
        body = next(bodies[kind]) if rows is None else list(islice(bodies[kind], rows))
        encoded = json.dumps(body, separators=(",", ":")).encode()
        yield Request(
            name=endpoint.name,
            method=endpoint.method,
            endpoint=index,
            kind=KIND_CODES[kind],
            rows=rows,
            encoded=b"%bContent-Length: %d\r\n\r\n%b" % (head, len(encoded), encoded),
            rejects=kind == "invalid",
            finite=endpoint.finite,
            repeatable=endpoint.method in IDEMPOTENT,
        )


def _records_by_kind(endpoint: Endpoint, seed: int) -> dict[str, Iterator[Any]]:
    if endpoint.payload.file is None:
        return {kind: generate_records(kind, seed) for kind in endpoint.payload.kinds}
    bodies = cycle(read_bodies(endpoint.payload.file))
    return dict.fromkeys(endpoint.payload.kinds, bodies)


def check_bodies(scenario: Scenario) -> None:
    """Raise ConfigurationError unless the payload files of a scenario hold request bodies."""
    for endpoint in scenario.traffic.endpoints:
        if endpoint.payload.file is not None:
            try:
                read_bodies(endpoint.payload.file)
            except (ValueError, OSError) as error:
                raise ConfigurationError(str(error)) from None


def read_bodies(file: Path) -> list[Any]:
    """The request bodies of a JSON Lines file, one a line; ValueError names a line that is not JSON."""
    bodies = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                bodies.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise ValueError(f"{file}, line {number}: no JSON value: {error.msg}") from None
    if not bodies:
        raise ValueError(f"{file}: holds no request body; write one JSON value a line")
    return bodies
