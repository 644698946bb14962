"""What is in a reply is looked at as the scenario says, and what is wrong with it is said in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.document import Node
from configuration.reply import read_reply
from loadtests.answers.check import ReplyCheck, build_check
from loadtests.answers.content import Echo, EchoCounter
from loadtests.answers.field_tests import equal_json
from loadtests.answers.schema_check import SchemaCheck
from loadtests.answers.taking import TakingCheck
from loadtests.client.reply import Reply


def reply(value: Any, status: int = 200) -> Reply:
    made = Reply()
    made.status = status
    made.body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return made


def check(stated: dict[str, Any], rows: int | None = None) -> ReplyCheck:
    """The check of a `reply` section."""
    expectation = read_reply(Node(stated), Path())
    schema = None if expectation.schema is None else SchemaCheck(expectation.schema, expectation.schema_rate)
    return build_check(expectation, {}, "realistic", rows, schema)


def looks(stated: dict[str, Any], value: Any, rows: int | None = None) -> tuple[str, str]:
    """The outcome of a reply, and the words."""
    made = check(stated, rows)
    return made.classify(reply(value)), made.explain(reply(value))


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        ("number", [0, -1.5, 10**300], [None, True, "1", float("nan"), float("inf"), 10**400, [1], {}]),
        ("text", ["", "a"], [None, 1, ["a"]]),
        ("true or false", [True, False], [0, 1, None, "true"]),
        ("list", [[], [1]], [{}, "ab", None]),
        ("mapping", [{}, {"a": 1}], [[], None, "a"]),
        ({"type": "text"}, ["a"], [1]),
        ({"min": 0, "max": 1}, [0, 0.5, 1], [-0.001, 1.001, float("nan"), True, "0.5", None]),
        ({"min": 3}, [3, 1e300], [2]),
        ({"max": 3}, [3, -1e300], [4]),
        ({"one_of": ["cat", "dog"]}, ["cat", "dog"], ["banana", "Cat", "", None, ["cat"]]),
        ({"one_of": [1, None, [2]]}, [1, 1.0, None, [2]], [True, 2, [2, 2], "1"]),
        ({"matches": "[A-Z]{3}"}, ["ABC"], ["ABCD", "xABC", "abc", 123, None]),
        ({"is": 1}, [1, 1.0], [True, "1", 2]),
        ({"is": {"a": [True]}}, [{"a": [True]}], [{"a": [1]}, {"a": [True], "b": 1}, {}]),
        ({"is": None}, [None], [0, "", False]),
    ],
)
def test_a_field_must_be_there_and_be_as_was_said(rule: Any, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        assert looks({"fields": {"x": rule}}, {"x": value, "y": 1}) == ("ok", "")
    for value in wrong:
        outcome, words = looks({"fields": {"x": rule}}, {"x": value})
        assert outcome == "invalid_reply", value
        assert words.startswith("x: expected "), words
        assert ", got " in words
    assert looks({"fields": {"x": rule}}, {"y": 1})[1].endswith(", nothing is there")
    assert looks({"fields": {"x": rule}}, {"y": 1})[0] == "invalid_reply"


def test_an_optional_field_may_be_absent_or_null_but_not_wrong() -> None:
    stated = {"fields": {"x": {"min": 0, "optional": True}}}
    assert [looks(stated, value)[0] for value in ({}, {"x": None}, {"x": 0})] == ["ok"] * 3
    assert looks(stated, {"x": -1}) == ("invalid_reply", "x: expected a number from 0, got -1")


@pytest.mark.parametrize(
    ("path", "right", "wrong", "where"),
    [
        ("a.b[1]", {"a": {"b": ["x", 1]}}, {"a": {"b": [1]}}, "a.b[1]"),
        ("$", 3, "3", "$"),
        ("$.a", {"a": 1}, [1], "a"),
        ("[0].a", [{"a": 1}], {"a": 1}, "[0]"),
        ("['a.b']", {"a.b": 1}, {"a": {"b": 1}}, "['a.b']"),
        ("o[*].data[*]", {"o": [{"data": [1, 2]}]}, {"o": [{"data": [1, "x"]}]}, "o[0].data[1]"),
        ("[*]", [1, 2], [1, None], "[1]"),
        ("a[*]", {"a": [1]}, {"a": []}, "a[*]"),
        ("a[*].b", {"a": [{"b": 1}]}, {"a": [{"b": 1}, {}]}, "a[1].b"),
        ("a[*]", {"a": [1]}, {"a": 1}, "a[*]"),
        ("a[0]", {"a": [1]}, {"a": "1"}, "a[0]"),
    ],
)  # fmt: skip
def test_fields_are_looked_for_at_paths(path: str, right: Any, wrong: Any, where: str) -> None:
    stated = {"fields": {path: "number"}}
    assert looks(stated, right) == ("ok", "")
    outcome, words = looks(stated, wrong)
    assert outcome == "invalid_reply"
    assert words.startswith(f"{where}: expected a finite number, "), words


def test_an_optional_field_may_be_absent_from_some_items_and_the_list_empty() -> None:
    stated = {"fields": {"a[*].b": {"type": "number", "optional": True}}}
    assert looks(stated, {"a": [{"b": 1}, {}]})[0] == "ok"
    assert looks(stated, {"a": []})[0] == "ok"
    assert looks(stated, {"a": [{}, {"b": "x"}]})[0] == "invalid_reply"


@pytest.mark.parametrize(
    ("stated", "right"),
    [
        ({"fields": {"x": "number"}}, [{"x": 1}, {"x": 2}]),
        ({"items": "out[0].rows", "fields": {"x": "number"}}, {"out": [{"rows": [{"x": 1}, {"x": 2}]}]}),
        ({"items": "scores", "fields": {"$": "number"}}, {"scores": [1, 2]}),
        ({"items": "scores"}, {"scores": ["any", None]}),
        ({"items": "scores", "finite": "x"}, {"scores": [{"x": 1}, {"x": 2}]}),
        ({"finite": "x", "fields": {"y": "text"}}, [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]),
    ],
)
def test_there_is_an_item_for_each_record_sent(stated: dict[str, Any], right: Any) -> None:
    """As many as `rows`, and each with the fields."""
    assert looks(stated, right, rows=2) == ("ok", "")
    for rows in (1, 3):
        outcome, words = looks(stated, right, rows)
        assert outcome == "invalid_reply"
        assert f"expected a list with one item for each record sent ({rows}), got 2" in words
    assert looks(stated, {}, rows=2)[0] == "invalid_reply"


def test_a_reply_without_such_a_list_is_looked_into_as_a_whole() -> None:
    stated = {"items": "none", "fields": {"job": "text"}}
    assert looks(stated, {"job": "a"}, rows=10) == ("ok", "")
    assert looks(stated, [{"job": "a"}], rows=1)[0] == "invalid_reply"


def test_the_item_that_is_wrong_is_named() -> None:
    words = looks({"items": "out", "fields": {"x": "number"}}, {"out": [{"x": 1}, {"x": None}]}, rows=2)[1]
    assert words == "out[1].x: expected a finite number, got null"


def test_of_many_things_that_are_wrong_three_are_told() -> None:
    words = looks({"fields": {"x": "number"}}, [{}] * 10, rows=10)[1]
    assert words.count("nothing is there") == 3
    assert words.endswith("; and 7 more faults")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "expected JSON, got an empty body"),
        (b"<html>Bad Gateway</html>", "expected JSON, got '<html>Bad Gateway</html>' (Expecting value at "),
        (b'{"x": 1, "y', 'expected JSON, got \'{"x": 1, "y\' (Unterminated string'),
        (b"\xff", "no UTF-8"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_json_is_shown(body: bytes, why: str) -> None:
    for stated in ({"fields": {"x": "number"}}, {"finite": "x"}, {"schema": {}}):
        outcome, words = looks(stated, body)
        assert outcome == "invalid_reply"
        assert why in words
        assert len(words) < 300


def test_the_quick_check_explains_itself_like_the_other() -> None:
    assert looks({"finite": "x"}, {"x": "1"})[1] == 'x: expected a finite number, got "1"'
    assert looks({"finite": "x"}, {}, rows=1)[1].startswith("$: expected a list with one item for each")


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    ),
    rows=st.none() | st.integers(1, 3),
)
def test_words_say_something_exactly_if_a_reply_is_wrong(value: Any, rows: int | None) -> None:
    """And the quick check decides as the other one does."""
    for stated in (
        {"finite": "x"},
        {"finite": "x", "fields": {"x": "number"}},
        {"fields": {"x": "text", "y[*]": {"type": "number", "optional": True}}},
        {"items": "x", "schema": {"type": ["object", "array"]}},
    ):
        outcome, words = looks(stated, value, rows)
        assert (outcome == "ok") == (words == ""), (stated, outcome, words)
    quick, other = {"finite": "x"}, {"finite": "x", "fields": {"x": "number"}}
    assert looks(quick, value, rows)[0] == looks(other, value, rows)[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(one=json_values, other=json_values)
def test_values_are_equal_as_json_says(one: Any, other: Any) -> None:
    """Equality is that of their texts, but for the form of numbers."""
    assert equal_json(one, one)
    assert equal_json(one, json.loads(json.dumps(one)))
    assert equal_json(one, other) == equal_json(other, one)
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert equal_json(one, other)
    assert not equal_json([True], [1])


ECHO = {"fields": {"id": {"equals": "{id}"}, "note": {"equals": "{note}", "optional": True}}}


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ({"id": 7, "note": "a"}, "ok"),
        ({"id": 7.0}, "ok"),
        ({"id": 7, "note": None}, "ok"),
        ({"id": 8}, "wrong_answer"),
        ({"id": "7"}, "wrong_answer"),
        ({"id": None}, "wrong_answer"),
        ({"id": 7, "note": "b"}, "wrong_answer"),
        ({"note": "a"}, "invalid_reply"),
    ],
)
def test_another_echo_is_a_wrong_answer(value: Any, outcome: str) -> None:
    sent = [[Echo(("id",), 7), Echo(("note",), "a", optional=True)]]
    made = check(ECHO).with_echoes(sent)
    assert made.classify(reply(value)) == outcome
    assert (made.explain(reply(value)) == "") == (outcome == "ok")


def test_replies_that_repeat_something_are_counted() -> None:
    """Right or wrong; null is nothing that is repeated."""
    counter = EchoCounter("predict")
    made = check({"fields": {"id": {"equals": "{id}", "optional": True}}}).with_echoes(
        [[Echo(("id",), 7, optional=True)]], counter
    )
    for body in ({}, {"id": None}, {"id": 7}, {"id": 8}):
        made.classify(reply(body))
    assert counter.repeating == 2


def test_swapped_items_are_wrong_answers() -> None:
    stated = {"items": "out", "fields": {"id": {"equals": "{id}"}}}
    made = check(stated, rows=2).with_echoes([[Echo(("id",), 1)], [Echo(("id",), 2)]])
    assert made.classify(reply({"out": [{"id": 1}, {"id": 2}]})) == "ok"
    swapped = reply({"out": [{"id": 2}, {"id": 1}]})
    assert made.classify(swapped) == "wrong_answer"
    assert made.explain(swapped).startswith("out[0].id: expected 1, as was sent, got 2; out[1].id: ")


def test_a_schema_holds_for_the_whole_reply() -> None:
    stated = {"schema": {"type": "array", "items": {"required": ["x"], "properties": {"x": {"minimum": 0}}}}}
    assert looks(stated, [{"x": 1}], rows=5) == ("ok", "")
    outcome, words = looks(stated, [{"x": 1}, {"x": -1}])
    assert outcome == "invalid_reply"
    assert words == "schema: [1].x: -1 is less than the minimum of 0"
    assert looks(stated, b'[{"x": NaN}]')[0] == "ok", "NaN is null to a schema; `number` finds it"


def test_a_status_is_explained() -> None:
    made = check({"finite": "x"})
    assert made.explain(reply({}, 404)) == "expected a 2xx status, got 404"
    failed = Reply()
    failed.failure = "timeout"
    assert made.explain(failed) == "expected a reply with a 2xx status, got none (timeout)"
    failed.failure = "invalid_reply"
    assert made.explain(failed) == "expected a reply with a 2xx status, got what is no HTTP"
    invalid = build_check(read_reply(Node(None), Path()), {}, "invalid", None)
    assert invalid.explain(reply({})) == (
        "expected status 400 or 422, got 200 to a record that ought to be refused"
    )
    assert invalid.explain(reply({}, 422)) == ""


def test_values_that_cant_be_taken_are_explained() -> None:
    made = TakingCheck(check({"fields": {"x": "number"}}), {"item": "items[0].id", "at": "header Location"})
    wrong = reply({"x": 1, "items": []})
    assert made.classify(wrong) == "invalid_reply"
    assert made.explain(wrong) == "items[0].id: expected a value to take, nothing is there"
    headless = reply({"x": 1, "items": [{"id": 3}]})
    assert made.explain(headless) == "header Location: expected a value to take, nothing is there"
    assert made.explain(reply({"x": "1"})) == 'x: expected a finite number, got "1"'
    headless.first_bytes = b"HTTP/1.1 200 OK\r\nLocation: /3\r\n\r\n"
    assert made.classify(headless) == "ok"
    assert headless.taken == {"item": 3, "at": "/3"}
    assert made.explain(headless) == ""


def test_a_body_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many checks look into it."""
    read = []
    found = reply({"x": 1, "id": 7})
    monkeypatch.setattr(
        "loadtests.answers.json_body.parse_json", lambda text: read.append(text) or json.loads(text)
    )
    made = TakingCheck(
        check({"finite": "x", "fields": {"id": "number"}, "schema": {"type": "object"}}), {"id": "id"}
    )
    assert made.classify(found) == "ok"
    assert len(read) == 1
