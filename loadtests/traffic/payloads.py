"""The requests a run sends: seeded, encoded to the last byte before the run starts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from configuration.errors import ConfigurationError
from configuration.scenario import Endpoint, Scenario
from loadtests.client.target import Target, merged
from loadtests.recording.row import KIND_CODES
from loadtests.traffic.records import records

DECK_REQUESTS: Final = 4_096
DECK_BYTES: Final = 32 * 2**20
DECK_RECORDS: Final = 16_384
"""A deck holds as many distinct requests as fit these bounds; users go round it."""
IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to send, and what its reply must be."""

    name: str
    method: str
    endpoint: int
    kind: int
    rows: int | None
    """Records in the list that is sent; None where one record is sent as it is."""
    wire: bytes
    rejects: bool
    """Whether the service ought to refuse it (4xx): an invalid record."""
    finite: str | None
    """Name of the number that every prediction in the reply must hold; None for no check."""
    repeatable: bool = False
    """Whether sending it twice is as good as once (RFC 9110, 9.2.2)."""


def deck(scenario: Scenario, target: Target, headers: Mapping[str, str], worker: int) -> list[Request]:
    """The requests one worker's users go round, endpoints and kinds mixed by their weights.

    Equal arguments give equal decks; each `worker` has a stream of its own.
    """
    seed = scenario.seeds["payloads"] * 1_000_003 + worker
    chance = random.Random(seed)  # noqa: S311 - payloads want a seed, not secrecy
    endpoints = scenario.traffic.endpoints
    makers = [_requests(index, endpoint, target, headers, seed) for index, endpoint in enumerate(endpoints)]
    weights = [endpoint.weight for endpoint in endpoints]
    requests: list[Request] = []
    size = records_made = 0
    while len(requests) < DECK_REQUESTS and size < DECK_BYTES and records_made < DECK_RECORDS:
        request = next(chance.choices(makers, weights)[0])
        requests.append(request)
        size += len(request.wire)
        records_made += request.rows or 1
    return requests


def _requests(
    index: int, endpoint: Endpoint, target: Target, headers: Mapping[str, str], seed: int
) -> Iterator[Request]:
    chance = random.Random(seed + index)  # noqa: S311
    kinds = list(endpoint.payload.kinds)
    weights = list(endpoint.payload.kinds.values())
    bodies = _records_by_kind(endpoint, seed + index)
    rows = endpoint.payload.rows
    head = _head(endpoint, target, headers)
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
            wire=b"%b%d\r\n\r\n%b" % (head, len(encoded), encoded),
            rejects=kind == "invalid",
            finite=endpoint.finite,
            repeatable=endpoint.method in IDEMPOTENT,
        )


def _head(endpoint: Endpoint, target: Target, headers: Mapping[str, str]) -> bytes:
    ours = {
        "Host": target.authority,
        "User-Agent": "model-load-tests",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    fields = merged(ours, headers)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{endpoint.method} {target.prefix}{endpoint.path} HTTP/1.1\r\n{lines}Content-Length: ".encode()


def _records_by_kind(endpoint: Endpoint, seed: int) -> dict[str, Iterator[Any]]:
    if endpoint.payload.file is None:
        return {kind: records(kind, seed) for kind in endpoint.payload.kinds}
    bodies = cycle(read_bodies(endpoint.payload.file))
    return dict.fromkeys(endpoint.payload.kinds, bodies)


def check_bodies(scenario: Scenario) -> None:
    """ConfigurationError unless the payload files of a scenario hold request bodies."""
    for endpoint in scenario.traffic.endpoints:
        if endpoint.payload.file is not None:
            try:
                read_bodies(endpoint.payload.file)
            except (ValueError, OSError) as error:
                raise ConfigurationError(str(error)) from None


def read_bodies(file: Path) -> list[Any]:
    """The request bodies in a JSON Lines file, one a line; ValueError names the line that is none."""
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
