"""Builds the requests of a run: seeded, and encoded before the run starts."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import count, cycle
from typing import Any, Final, NamedTuple

from faker import Faker

from configuration.endpoint import Endpoint
from configuration.journey import Step
from configuration.payload import RecordFile
from configuration.scenario import Scenario
from loadtests.answers.check import build_check
from loadtests.answers.json_schema import SchemaError
from loadtests.answers.schema_check import SchemaCheck
from loadtests.answers.taking import TakingCheck
from loadtests.client.target import Target
from loadtests.payloads.bodies import JSON, NO_VALUES, Body, BodyMaker
from loadtests.payloads.echoes import fill_echoes
from loadtests.payloads.field_values import make_draw
from loadtests.payloads.journeys import JourneyPlan, JourneyStep, Turn
from loadtests.payloads.records import HELD_RECORDS
from loadtests.payloads.request import Request
from loadtests.payloads.request_stream import RequestStream
from loadtests.payloads.templates import fill_environment, fill_path, fill_text, list_names
from loadtests.recording.row import KIND_CODES

DECK_TURNS: Final = 4_096
DECK_BYTES: Final = 32 * 2**20
DECK_RECORDS: Final = 16_384
"""A deck holds as many distinct turns as fit these bounds; users repeat it."""
IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


class Deck(NamedTuple):
    """What the users of a process do: turns, over and over, and before them a login if there is one.

    The turns may be taken from streams instead of being repeated.
    """

    turns: list[Turn | RequestStream]
    login: JourneyPlan | None
    schemas: tuple[SchemaCheck, ...] = ()
    """The schemas that replies are held to."""

    @property
    def streams(self) -> list[RequestStream]:
        """The streams among the turns, each once."""
        return list({id(turn): turn for turn in self.turns if isinstance(turn, RequestStream)}.values())

    def deal(self, phase: float) -> Iterator[Turn]:
        """The turns, over and over, from the place at `phase` in [0, 1); those of a stream are its next ones.

        A stream that is over is left out. The turns end where all of them are of streams that are over.
        """
        turns, size = self.turns, len(self.turns)
        missed = 0
        for place in count(int(phase * size)):
            turn = turns[place % size]
            taken = turn.take() if isinstance(turn, RequestStream) else turn
            if taken is not None:
                missed = 0
                yield taken
            elif (missed := missed + 1) == size:
                return


NO_PROBES: Final[Mapping[str, Sequence[Request]]] = {}


def build_deck(
    scenario: Scenario,
    target: Target,
    worker: int,
    workers: int = 1,
    probes: Mapping[str, Sequence[Request]] = NO_PROBES,
) -> Deck:
    """The turns that the users of one worker repeat: endpoints, kinds and journeys mixed by their weights.

    `probes`, by the name of their endpoint, have a share of its weight. Equal arguments give equal decks;
    each `worker` has its own random stream, and its own part of a file with more records than the deck has
    turns for. ValueError says what keeps requests from being made.
    """
    seed = scenario.seeds["payloads"] * 1_000_003 + worker
    chance = random.Random(seed)  # noqa: S311 - payloads want a seed, not secrecy
    traffic = scenario.traffic
    total_weight = sum(each.weight for each in traffic.endpoints)
    total_weight += sum(each.weight for each in traffic.journeys)
    makers = {
        endpoint.name: RequestMaker(
            index,
            endpoint,
            target,
            seed,
            worker,
            workers,
            _count_held(endpoint, total_weight) if endpoint in traffic.endpoints else HELD_RECORDS,
        )
        for index, endpoint in enumerate(traffic.all_endpoints)
    }
    from_login = {name for step in traffic.login for name in step.take}
    weighted: dict[Callable[[], Turn | RequestStream], float] = {}
    for endpoint in traffic.endpoints:
        maker = makers[endpoint.name]
        if from_login.isdisjoint(maker.names):
            share = 0.0
            if endpoint.parity is not None and endpoint.name in probes:
                share = endpoint.parity.share_percent / 100
                weighted[partial(next, cycle(probes[endpoint.name]))] = endpoint.weight * share
            weighted[maker.make_turn] = endpoint.weight * (1 - share)
        else:
            weighted[partial(_identity, _plan_journey([Step(endpoint)], makers))] = endpoint.weight
    for journey in traffic.journeys:
        weighted[partial(_identity, _plan_journey(journey.steps, makers))] = journey.weight
    turns: list[Turn | RequestStream] = []
    size = records_made = 0
    while len(turns) < DECK_TURNS and size < DECK_BYTES and records_made < DECK_RECORDS:
        turn = chance.choices(tuple(weighted), tuple(weighted.values()))[0]()
        turns.append(turn)
        if isinstance(turn, Request):
            size += len(turn.encoded)
            records_made += turn.rows or 1
    schemas = tuple(maker.schema for maker in makers.values() if maker.schema is not None)
    return Deck(turns, _plan_journey(traffic.login, makers) if traffic.login else None, schemas)


def _identity(turn: Turn) -> Turn:
    return turn


def _count_held(endpoint: Endpoint, total_weight: float) -> int:
    """How many records of a file a deck has turns for."""
    rows = endpoint.payload.rows if endpoint.payload is not None else None
    share = endpoint.weight / total_weight
    return min(HELD_RECORDS, int(DECK_TURNS * share) * (rows if isinstance(rows, int) else 1))


def _plan_journey(steps: Sequence[Step], makers: Mapping[str, RequestMaker]) -> JourneyPlan:
    """The steps with their requests, each encoded when it is sent."""
    for step in steps:
        payload = step.endpoint.payload
        if (
            payload is not None
            and isinstance(payload.source, RecordFile)
            and payload.source.order == "replay"
        ):
            raise ValueError(
                f"the endpoint {step.endpoint.name!r} can't replay {payload.source.file.name}: its requests "
                "depend on earlier replies and may be made any number of times; say order: cycled"
            )
    return JourneyPlan(
        tuple(
            JourneyStep(partial(_make_taking, makers[step.endpoint.name], step.take), step.think_s)
            for step in steps
        ),
        makers[steps[0].endpoint.name].make_empty(),
    )


def _make_taking(maker: RequestMaker, take: Mapping[str, str], values: Mapping[str, Any]) -> Request:
    """A request with `values` filled in, whose reply holds what `take` names."""
    request = maker.make(values=values)
    return replace(request, check=TakingCheck(request.check, take)) if take else request


class RequestMaker:
    """Makes the requests to one endpoint, each of a kind drawn by weight."""

    def __init__(
        self,
        index: int,
        endpoint: Endpoint,
        target: Target,
        seed: int,
        worker: int,
        workers: int = 1,
        held: int = HELD_RECORDS,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._index = index
        self._endpoint = endpoint
        self._target = target
        self._chance = random.Random(seed + index)  # noqa: S311
        self._bodies = BodyMaker(endpoint.payload, seed + index, worker, workers, held)
        self._stream: RequestStream | None = None
        self.schema = self._compile_schema()
        """What replies are held to, if a JSON schema was given."""
        self._check = cache(partial(build_check, endpoint.reply, endpoint.expect, schema=self.schema))
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
        return tuple(self._bodies.weights)

    @property
    def names(self) -> set[str]:
        """The names of the placeholders in path, headers, template, and in what a reply must repeat."""
        endpoint = self._endpoint
        template = None if endpoint.payload is None else endpoint.payload.template
        echoes = list(endpoint.reply.echoes.values())
        return set(list_names([endpoint.path, list(self._headers.values()), template, echoes]))

    def make_empty(self) -> Request:
        """Stands for a request to the endpoint that is not made."""
        kind = KIND_CODES[self.kinds[0]]
        check = self._check(self.kinds[0], None)
        return Request(self._endpoint.name, self._endpoint.method, self._index, kind, None, b"", check)

    def make_turn(self) -> Request | RequestStream:
        """The next request; or, where a file is read while the load goes on, the stream to take it from."""
        kind = self._draw_kind()
        records = self._bodies.stream
        if records is None or kind != "realistic":
            return self.make(kind)
        if self._stream is None:
            payload = self._endpoint.payload
            assert payload is not None
            assert isinstance(payload.source, RecordFile)
            is_replay = payload.source.order == "replay"
            self._stream = RequestStream(
                self._endpoint.name, partial(self.make, kind), records.total if is_replay else None
            )
        return self._stream

    def _draw_kind(self) -> str:
        weights = self._bodies.weights
        return self._chance.choices(tuple(weights), tuple(weights.values()))[0]

    def make(self, kind: str | None = None, values: Mapping[str, Any] = NO_VALUES) -> Request:
        """The next request, of one kind or of one drawn by weight; `values` are those that replies gave."""
        kind = kind or self._draw_kind()
        body = self._bodies.make(kind, values)
        named = {name: draw() for name, draw in self._draws.items()} | dict(values)
        check = self._check(kind, body.rows)
        if self._endpoint.reply.echoes:
            check = check.with_echoes(fill_echoes(self._endpoint, kind, body.records, named))
        return Request(
            name=self._endpoint.name,
            method=self._endpoint.method,
            endpoint=self._index,
            kind=KIND_CODES[kind],
            rows=body.rows,
            encoded=self._encode(body, named),
            check=check,
            repeatable=self._endpoint.method in IDEMPOTENT,
            origin=body.origin,
        )

    def _compile_schema(self) -> SchemaCheck | None:
        expected = self._endpoint.reply
        if expected.schema is None:
            return None
        try:
            return SchemaCheck(expected.schema, expected.schema_rate)
        except SchemaError as error:
            raise SchemaError(f"the endpoint {self._endpoint.name!r}, reply.schema: {error}") from None

    def _encode(self, body: Body, named: Mapping[str, Any]) -> bytes:
        values = {**body.values, **named}
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
