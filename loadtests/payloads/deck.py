"""Builds the requests of a run: seeded, and encoded before the run starts."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from faker import Faker

from configuration.endpoint import Endpoint
from configuration.scenario import Scenario
from loadtests.answers.check import build_check
from loadtests.client.target import Target
from loadtests.payloads.bodies import JSON, Body, make_bodies
from loadtests.payloads.field_values import make_draw
from loadtests.payloads.request import Request
from loadtests.payloads.templates import fill_environment, fill_path, fill_text
from loadtests.recording.row import KIND_CODES

DECK_REQUESTS: Final = 4_096
DECK_BYTES: Final = 32 * 2**20
DECK_RECORDS: Final = 16_384
"""A deck holds as many distinct requests as fit these bounds; users repeat it."""
IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


def build_deck(scenario: Scenario, target: Target, worker: int) -> list[Request]:
    """The requests that the users of one worker repeat, endpoints and kinds mixed by their weights.

    Equal arguments give equal decks; each `worker` has its own random stream. ValueError says what keeps
    requests from being made.
    """
    seed = scenario.seeds["payloads"] * 1_000_003 + worker
    chance = random.Random(seed)  # noqa: S311 - payloads want a seed, not secrecy
    endpoints = scenario.traffic.endpoints
    makers = [RequestMaker(index, endpoint, target, seed, worker) for index, endpoint in enumerate(endpoints)]
    weights = [endpoint.weight for endpoint in endpoints]
    requests: list[Request] = []
    size = records_made = 0
    while len(requests) < DECK_REQUESTS and size < DECK_BYTES and records_made < DECK_RECORDS:
        request = chance.choices(makers, weights)[0].make()
        requests.append(request)
        size += len(request.encoded)
        records_made += request.rows or 1
    return requests


class RequestMaker:
    """Makes the requests to one endpoint, each of a kind drawn by weight."""

    def __init__(
        self,
        index: int,
        endpoint: Endpoint,
        target: Target,
        seed: int,
        worker: int,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._index = index
        self._endpoint = endpoint
        self._target = target
        self._chance = random.Random(seed + index)  # noqa: S311
        self._bodies = make_bodies(endpoint.payload, seed + index, worker)
        kinds = {"realistic": 1.0} if endpoint.payload is None else endpoint.payload.kinds
        self._weights = {kind: kinds[kind] for kind in self._bodies}
        self._check = cache(partial(build_check, endpoint.reply, endpoint.expect))
        fake = Faker("en_US")
        fake.seed_instance(seed + index)
        self._draws = {name: make_draw(each, fake, worker) for name, each in endpoint.values.items()}
        self._headers = {
            name: fill_environment(text, environment, f"the header {name} of the endpoint {endpoint.name!r}")
            for name, text in endpoint.headers.items()
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of requests that are made."""
        return tuple(self._weights)

    def make(self, kind: str | None = None) -> Request:
        """The next request; of one kind, or of one drawn by weight."""
        if kind is None:
            kind = self._chance.choices(tuple(self._weights), tuple(self._weights.values()))[0]
        body = next(self._bodies[kind])
        return Request(
            name=self._endpoint.name,
            method=self._endpoint.method,
            endpoint=self._index,
            kind=KIND_CODES[kind],
            rows=body.rows,
            encoded=self._encode(body),
            check=self._check(kind, body.rows),
            repeatable=self._endpoint.method in IDEMPOTENT,
            origin=body.origin,
        )

    def _encode(self, body: Body) -> bytes:
        values: dict[str, Any] = {**body.values, **{name: draw() for name, draw in self._draws.items()}}
        headers = {"Accept": JSON}
        if body.content_type is not None:
            headers["Content-Type"] = body.content_type
        headers |= {name: fill_text(text, values) for name, text in self._headers.items()}
        head = self._target.encode_head(
            self._endpoint.method, fill_path(self._endpoint.path, values), headers
        )
        if body.content_type is None and self._endpoint.method not in _FRAMED:
            return b"%b\r\n" % head
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body.content), body.content)


_FRAMED: Final = ("POST", "PUT", "PATCH")
"""Methods whose requests state their length even where they have no body (RFC 9110, 8.6)."""
