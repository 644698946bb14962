"""What a reply must repeat is filled in from the records that its request carries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from configuration.document import Node
from configuration.endpoint import read_endpoints
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.payloads.request import Request
from loadtests.payloads.request_maker import RequestMaker


def maker(**keys: Any) -> RequestMaker:
    endpoint = {"name": "one", "path": "/one", "payload": {"fields": {"id": {"sequence": 1}}}} | keys
    (read,) = read_endpoints(Node([endpoint]), Path())
    return RequestMaker(0, read, Target("127.0.0.1", 80, tls=False, prefix=""), seed=1, worker=0)


def outcome(request: Request, value: Any) -> str:
    reply = Reply()
    reply.status, reply.body = 200, json.dumps(value).encode()
    return request.check.classify(reply)


def sent(request: Request) -> Any:
    return json.loads(request.encoded.partition(b"\r\n\r\n")[2])


def test_each_request_has_its_own_echo() -> None:
    made = maker(reply={"fields": {"id": {"equals": "{id}"}}})
    first, second = made.make(), made.make()
    assert (outcome(first, {"id": 1}), outcome(second, {"id": 2})) == ("ok", "ok")
    assert (outcome(first, {"id": 2}), outcome(second, {"id": 1})) == ("wrong_answer", "wrong_answer")


def test_each_row_has_its_own_echo() -> None:
    made = maker(
        payload={"fields": {"id": {"sequence": 1}}, "rows": 3}, reply={"fields": {"id": {"equals": "{id}"}}}
    ).make()
    assert outcome(made, [{"id": 1}, {"id": 2}, {"id": 3}]) == "ok"
    assert outcome(made, [{"id": 1}, {"id": 3}, {"id": 2}]) == "wrong_answer"
    assert outcome(made, [{"id": 1}, {"id": 2}]) == "invalid_reply"


def test_a_whole_record_and_fields_within_it_and_texts_of_several_are_compared() -> None:
    fields = {
        "who": {"fields": {"name": {"constant": "Ann"}, "on": {"constant": True}}},
        "n": {"constant": 3},
    }
    made = maker(
        payload={"fields": fields},
        reply={
            "fields": {
                "all": {"equals": "{record}"},
                "name": {"equals": "{who.name}"},
                "text": {"equals": "{who.name}-{n}-{who.on}"},
            }
        },
    ).make()
    right = {"all": sent(made), "name": "Ann", "text": "Ann-3-true"}
    assert outcome(made, right) == "ok"
    for name in right:
        assert outcome(made, right | {name: "other"}) == "wrong_answer"


def test_with_one_reply_to_all_rows_the_echo_is_that_of_the_first_or_of_all() -> None:
    fields = {"first": {"equals": "{id}"}, "all": {"equals": "{records}"}}
    made = maker(
        payload={"fields": {"id": {"sequence": 1}}, "rows": 2}, reply={"items": "none", "fields": fields}
    ).make()
    assert outcome(made, {"first": 1, "all": sent(made)}) == "ok"
    assert outcome(made, {"first": 2, "all": sent(made)}) == "wrong_answer"
    assert outcome(made, {"first": 1, "all": sent(made)[::-1]}) == "wrong_answer"


def test_values_of_the_path_may_be_echoed_too() -> None:
    made = maker(
        method="GET",
        path="/items/{item}",
        values={"item": {"sequence": 7}},
        reply={"fields": {"item": {"equals": "{item}"}}},
    )
    requests = [made.make() for _ in range(3)]
    for number, request in enumerate(requests, start=7):
        assert f"GET /items/{number} ".encode() in request.encoded
        assert outcome(request, {"item": number}) == "ok"
        assert outcome(request, {"item": number + 1}) == "wrong_answer"


def test_dates_of_a_table_are_compared_as_they_are_sent(tmp_path: Path) -> None:
    file = tmp_path / "days.csv"
    file.write_text("day,n\n2024-01-02,1\n")
    made = maker(payload={"file": str(file)}, reply={"fields": {"day": {"equals": "{day}"}}}).make()
    assert sent(made)["day"] == "2024-01-02"
    assert outcome(made, {"day": "2024-01-02"}) == "ok"


def test_a_field_that_no_record_has_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"endpoint 'one', reply.fields.id: there is no value for {idd}; .*id"
    ):
        maker(reply={"fields": {"id": {"equals": "{idd}"}}}).make()


def test_a_field_that_only_some_records_have_is_compared_where_it_was_sent(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text('{"id": 1, "note": "a"}\n{"id": 2}\n')
    fields = {"note": {"equals": "{note}", "optional": True}}
    made = maker(payload={"file": str(file)}, reply={"fields": fields})
    with_note, without = made.make(), made.make()
    assert outcome(with_note, {"note": "b"}) == "wrong_answer"
    assert outcome(with_note, {}) == outcome(without, {"note": "b"}) == outcome(without, {}) == "ok"


def test_an_invalid_record_may_lack_the_field() -> None:
    """Where the service is expected to answer it nevertheless: then nothing is compared."""
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    made = maker(
        payload={"schema": schema, "kinds": {"invalid": 1}},
        expect={"invalid": 200},
        reply={"fields": {"id": {"equals": "{id}"}}},
    )
    lacking = [request for request in (made.make() for _ in range(200)) if sent(request) == {}]
    assert lacking
    assert {outcome(request, {"id": "any"}) for request in lacking} == {"ok"}


def test_what_is_no_schema_is_refused_with_the_endpoint() -> None:
    with pytest.raises(ValueError, match=r"the endpoint 'one', reply\.schema: it is no JSON schema"):
        maker(reply={"schema": {"type": "nothing"}})
