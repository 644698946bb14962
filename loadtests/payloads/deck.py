"""Builds the requests of a run: seeded, and encoded before the run starts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count, cycle
from typing import Any, Final, NamedTuple

from configuration.endpoint import Endpoint
from configuration.journey import Step
from configuration.scenario import Scenario
from loadtests.answers.content import EchoCounter
from loadtests.answers.schema_check import SchemaCheck
from loadtests.answers.taking import TakingCheck
from loadtests.client.target import Target
from loadtests.payloads.journeys import JourneyPlan, JourneyStep, Turn
from loadtests.payloads.record_files import refuse_replay
from loadtests.payloads.records import HELD_RECORDS
from loadtests.payloads.request import Request
from loadtests.payloads.request_maker import RequestMaker
from loadtests.payloads.request_stream import RequestStream
from reports.data.telemetry import ECHOED

DECK_TURNS: Final = 4_096
DECK_BYTES: Final = 32 * 2**20
DECK_RECORDS: Final = 16_384
"""A deck holds as many distinct turns as fit these bounds; users repeat it."""


class Deck(NamedTuple):
    """What the users of a process do: turns, over and over, and before them a login if there is one.

    The turns may be taken from streams instead of being repeated.
    """

    turns: list[Turn | RequestStream]
    login: JourneyPlan | None
    schemas: tuple[SchemaCheck, ...] = ()
    """The schemas that replies are held to."""
    echo_counters: tuple[EchoCounter, ...] = ()
    """Of the endpoints whose replies may, and need not, repeat something of their request."""

    @property
    def streams(self) -> list[RequestStream]:
        """The streams among the turns, each once."""
        return list({id(turn): turn for turn in self.turns if isinstance(turn, RequestStream)}.values())

    def count_checks(self) -> dict[str, float]:
        """Telemetry: replies due for a schema and held to it, if there is one; those with optional echoes."""
        counts = {
            f"{ECHOED} {each.endpoint}": float(each.repeating)
            for each in self.echo_counters
            if each.repeating
        }
        if self.schemas:
            counts["schema_due"] = float(sum(each.due for each in self.schemas))
            counts["schema_checked"] = float(sum(each.checked for each in self.schemas))
        return counts

    def deal(self, phase: float) -> Iterator[Turn]:
        """The turns, over and over, from the place at `phase` in [0, 1); those of a stream are its next ones.

        A stream that is over is left out. The turns end with the last record of the files that are replayed,
        since other requests alone would be another load; or where all are of streams that are over.
        """
        turns, size = self.turns, len(self.turns)
        replayed = [stream for stream in self.streams if stream.records is not None]
        missed = 0
        for place in count(int(phase * size)):
            if replayed and all(stream.is_over for stream in replayed):
                return
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
    counters = tuple(maker.echo_counter for maker in makers.values() if maker.echo_counter is not None)
    return Deck(turns, _plan_journey(traffic.login, makers) if traffic.login else None, schemas, counters)


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
        refuse_replay(step.endpoint)
    return JourneyPlan(
        tuple(
            JourneyStep(
                partial(_make_taking, makers[step.endpoint.name], step.take),
                step.think_s,
                makers[step.endpoint.name].make_empty(),
            )
            for step in steps
        ),
        makers[steps[0].endpoint.name].make_empty(),
    )


def _make_taking(maker: RequestMaker, take: Mapping[str, str], values: Mapping[str, Any]) -> Request:
    """A request with `values` filled in, whose reply holds what `take` names."""
    request = maker.make(values=values)
    return replace(request, check=TakingCheck(request.check, take)) if take else request
