"""Requests of files that don't fit into the deck: encoded ahead, in order, each taken once."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import gevent
import pytest

from configuration.endpoint import Endpoint
from configuration.errors import ConfigurationError
from configuration.journey import Journey, Step
from configuration.loading import load_scenario
from configuration.payload import Payload, RecordFile
from configuration.reply import ReplyExpectation
from configuration.scenario import Scenario
from loadtests.client.target import Target
from loadtests.payloads import request_stream
from loadtests.payloads.deck import DECK_TURNS, Deck, build_deck
from loadtests.payloads.record_files import check_files
from loadtests.payloads.request import Request
from loadtests.payloads.request_stream import RequestStream
from reports.data.samples import KINDS

TARGET = Target("127.0.0.1", 8000, tls=False, prefix="")
ROWS = 10_000
REFUSED = r"'rows' can't replay rows\.jsonl: .* say order: cycled"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(f'{{"n": {number}}}\n' for number in range(ROWS)))
    return path


def scenario(*endpoints: Endpoint, **more: Any) -> Scenario:
    staged = load_scenario("staged")
    return replace(staged, traffic=replace(staged.traffic, endpoints=endpoints, **more))


def replayed(file: Path, name: str = "rows", order: Any = "replay", **more: Any) -> Endpoint:
    payload = Payload(source=RecordFile(file, order), **more)
    return Endpoint(name, "/rows", payload=payload, reply=ReplyExpectation())


def deal(deck: Deck, most: int | None = None) -> list[Request]:
    dealt = []
    for turn in islice(deck.deal(0.3), most):
        assert isinstance(turn, Request)
        dealt.append(turn)
    return dealt


def body_of(request: Request) -> Any:
    return json.loads(request.encoded.partition(b"\r\n\r\n")[2])


def test_every_record_is_sent_once_whichever_user_sends_it(file: Path) -> None:
    deck = build_deck(scenario(replayed(file)), TARGET, worker=0)
    one, other = deck.deal(0.0), deck.deal(0.618)
    first = [body_of(next(users)) for _ in range(1_000) for users in (one, other)]  # type: ignore[arg-type]
    assert [*first, *map(body_of, deal(deck))] == [{"n": number} for number in range(ROWS)]
    assert deal(deck) == []
    [stream] = deck.streams
    assert (stream.records, stream.records_taken) == (ROWS, ROWS)
    assert not stream.failed


def test_lists_hold_each_record_once_and_the_last_one_may_be_short(file: Path) -> None:
    [*lists, last] = deal(build_deck(scenario(replayed(file, rows=7)), TARGET, worker=1, workers=3))
    sent = [record["n"] for request in [*lists, last] for record in body_of(request)]
    assert sent == list(range(1, ROWS, 3))
    assert {request.rows for request in lists} == {7}
    assert last.rows == len(sent) % 7


def test_other_requests_end_with_the_replay_that_they_are_mixed_with(file: Path) -> None:
    """Alone they would be another load than the scenario states."""
    deck = build_deck(
        scenario(replayed(file), replace(Endpoint("other"), weight=0.5)), TARGET, worker=0, workers=4
    )
    names = [request.name for request in deal(deck, ROWS)]
    assert names.count("rows") == ROWS / 4
    assert names[-1] == "rows"
    assert 0.3 < names.count("other") / len(names) < 0.37


def test_invalid_records_beside_a_replay_end_with_it(file: Path) -> None:
    deck = build_deck(scenario(replayed(file, kinds={"realistic": 3.0, "invalid": 1.0})), TARGET, worker=0)
    kinds = [KINDS[request.kind] for request in deal(deck, 2 * ROWS)]
    assert kinds.count("realistic") == ROWS
    assert kinds[-1] == "realistic"


def test_of_two_replays_the_longer_one_ends_the_requests(file: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.jsonl"
    short.write_text('{"n": 1}\n' * 10)
    deck = build_deck(scenario(replayed(file), replayed(short, "short")), TARGET, worker=0)
    assert Counter(request.name for request in deal(deck, 2 * ROWS)) == {"rows": ROWS, "short": 10}


def test_a_cycled_file_that_does_not_fit_into_the_deck_is_sent_whole(file: Path) -> None:
    deck = build_deck(scenario(replayed(file, order="cycled")), TARGET, worker=0)
    assert [body_of(request)["n"] for request in deal(deck, ROWS + 5)] == [*range(ROWS), *range(5)]


def test_samples_of_such_a_file_differ_from_turn_to_turn(file: Path) -> None:
    deck = build_deck(scenario(replayed(file, order="sampled")), TARGET, worker=0)
    assert len({body_of(request)["n"] for request in deal(deck, 4 * DECK_TURNS)}) > 0.75 * ROWS


def test_a_small_file_stays_in_the_deck(tmp_path: Path) -> None:
    small = tmp_path / "small.jsonl"
    small.write_text('{"n": 1}\n{"n": 2}\n')
    assert build_deck(scenario(replayed(small, order="cycled")), TARGET, worker=0).streams == []


def test_other_kinds_are_mixed_in(file: Path) -> None:
    kinds = {"realistic": 3.0, "invalid": 1.0}
    deck = build_deck(scenario(replayed(file, order="cycled", kinds=kinds)), TARGET, worker=0)
    found = Counter(KINDS[request.kind] for request in deal(deck, 8_000))
    assert 2.5 < found["realistic"] / found["invalid"] < 3.6


def test_a_journey_takes_records_of_a_large_file_and_replays_none(file: Path) -> None:
    def build(order: str) -> Deck:
        journey = Journey("j", (Step(replayed(file, order=order)),))
        return build_deck(scenario(journeys=(journey,)), TARGET, worker=0)

    plan = next(build("cycled").deal(0.0))
    assert not isinstance(plan, Request)
    assert [body_of(plan.steps[0].make_request({})) for _ in range(2)] == [{"n": 0}, {"n": 1}]
    with pytest.raises(ValueError, match=REFUSED):
        build("replay")


@pytest.mark.parametrize("where", ["journeys", "login", "endpoints"])
def test_a_replay_by_requests_that_depend_on_replies_is_refused_before_the_run(
    file: Path, where: str
) -> None:
    step = Step(replayed(file))
    login = Step(Endpoint("login", "/login"), take={"token": "t"})
    own = replace(replayed(file), path="/rows/{token}")
    cases: dict[str, Scenario] = {
        "journeys": scenario(journeys=(Journey("j", (step,)),)),
        "login": scenario(Endpoint(), login=(step,)),
        "endpoints": scenario(own, login=(login,)),
    }
    with pytest.raises(ConfigurationError, match=REFUSED):
        check_files(cases[where])
    check_files(scenario(replayed(file), login=(login,)))


class Maker:
    """Makes numbered requests until told that there are no more."""

    def __init__(self) -> None:
        [template] = deal(build_deck(scenario(Endpoint()), TARGET, worker=0), 1)
        self._template = template
        self.made = 0
        self.error: Exception | None = None

    def __call__(self) -> Request:
        if self.error is not None:
            raise self.error
        self.made += 1
        return replace(self._template, origin=str(self.made))


def test_no_more_is_encoded_than_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_stream, "AHEAD_REQUESTS", 10)
    make = Maker()
    stream = RequestStream("rows", make, None)
    assert make.made == 10
    taken = []
    for _ in range(200):
        taken.append(stream.take())
        gevent.sleep(0)
        assert make.made <= len(taken) + 10
    assert [request.origin for request in taken if request] == [str(number) for number in range(1, 201)]
    stream.close()
    assert stream._encoder is not None
    assert stream._encoder.dead


def test_what_goes_wrong_later_ends_the_requests_and_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(request_stream, "AHEAD_REQUESTS", 2)
    make = Maker()
    stream = RequestStream("rows", make, None)
    make.error = ValueError("rows.jsonl, line 3: no JSON value")
    assert [request and request.origin for request in (stream.take() for _ in range(3))] == ["1", "2", None]
    assert stream.failed
    assert "line 3: no JSON value; no further request is made for the endpoint 'rows'" in caplog.text


def test_what_is_wrong_at_the_beginning_is_raised() -> None:
    make = Maker()
    make.error = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        RequestStream("rows", make, None)
