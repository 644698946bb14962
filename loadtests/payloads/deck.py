"""Builds the requests of a run: seeded, and encoded before the run starts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache, partial
from typing import Final

from configuration.endpoint import Endpoint
from configuration.scenario import Scenario
from loadtests.answers.check import build_check
from loadtests.client.target import Target
from loadtests.payloads.bodies import JSON, Body, make_bodies
from loadtests.payloads.request import Request
from loadtests.recording.row import KIND_CODES

DECK_REQUESTS: Final = 4_096
DECK_BYTES: Final = 32 * 2**20
DECK_RECORDS: Final = 16_384
"""A deck holds as many distinct requests as fit these bounds; users repeat it."""
IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


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
    bodies = make_bodies(endpoint.payload, seed + index)
    check = cache(partial(build_check, endpoint.reply))
    while True:
        kind = chance.choices(kinds, weights)[0]
        body = next(bodies[kind])
        head = target.encode_head(endpoint.method, endpoint.path, _describe(body))
        yield Request(
            name=endpoint.name,
            method=endpoint.method,
            endpoint=index,
            kind=KIND_CODES[kind],
            rows=body.rows,
            encoded=b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body.content), body.content),
            check=check(kind, body.rows),
            repeatable=endpoint.method in IDEMPOTENT,
            origin=body.origin,
        )


def _describe(body: Body) -> dict[str, str]:
    accepted = {"Accept": JSON}
    return accepted if body.content_type is None else accepted | {"Content-Type": body.content_type}
