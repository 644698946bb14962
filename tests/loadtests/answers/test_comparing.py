"""Comparing answers: what differs is found where it is, and what is allowed is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.parity import Parity
from loadtests.answers.comparing import (
    ComparisonRules,
    describe_place,
    find_differences,
    list_leaves,
    read_answer,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def places(expected: Any, found: Any, parity: Parity | None = None, **rules: Any) -> list[str]:
    """Where two answers differ."""
    compared = ComparisonRules(parity or Parity(), **rules)
    return [describe_place(each.place) for each in find_differences(expected, found, compared)]


@given(JSON)
def test_an_answer_is_equal_to_itself(answer: Any) -> None:
    assert places(answer, copy.deepcopy(answer)) == []


@given(JSON, JSON)
def test_a_difference_is_seen_from_either_side(one: Any, other: Any) -> None:
    assert sorted(places(one, other)) == sorted(places(other, one))


@given(JSON, JSON)
def test_everything_ignored_differs_nowhere(one: Any, other: Any) -> None:
    assert places(one, other, varying=frozenset([()])) == []


@pytest.mark.parametrize(
    ("expected", "found", "place"),
    [
        ({"score": 0.5, "label": "cat"}, {"score": 0.5, "label": "dog"}, ["label"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["a.b[*]"]),
        ([1, 2], [1], ["the reply"]),
        ({"a": 1}, {}, ["a"]),
        ({}, {"a": None}, ["a"]),
        ({"a": True}, {"a": 1}, ["a"]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": float("nan")}, {"a": float("nan")}, []),
        ({"a": float("nan")}, {"a": 0.0}, ["a"]),
        (b"one", b"two", ["the reply"]),
    ],
)
def test_known_differences(expected: Any, found: Any, place: list[str]) -> None:
    assert places(expected, found) == place


@pytest.mark.parametrize("name", ["score", "rows[*].score", "rows", "rows[*]"])
def test_a_name_or_a_path_holds_for_all_that_lies_below(name: str) -> None:
    answers = {"rows": [{"score": 0.50}]}, {"rows": [{"score": 0.52}]}
    assert places(*answers) == ["rows[*].score"]
    assert places(*answers, Parity(ignore=(name,))) == []
    assert places(*answers, Parity(tolerance={name: 0.03})) == []
    assert places(*answers, Parity(tolerance={name: 0.01})) == ["rows[*].score"]


def test_another_name_holds_for_nothing_here() -> None:
    answers = {"rows": [{"score": 0.50}]}, {"rows": [{"score": 0.52}]}
    assert places(*answers, Parity(ignore=("rows[*].id", "core"))) == ["rows[*].score"]


def test_a_stated_tolerance_beats_what_was_measured() -> None:
    allowed = {("score",): 1.0}
    assert places({"score": 0.0}, {"score": 0.5}, allowed=allowed) == []
    stated = Parity(tolerance={"score": 0.1})
    assert places({"score": 0.0}, {"score": 0.5}, stated, allowed=allowed) == ["score"]


def test_leaves_are_listed_in_order() -> None:
    leaves = [
        (describe_place(place), value) for place, value in list_leaves({"a": [1, {"b": "x"}], "c": None})
    ]
    assert leaves == [("a[*]", 1), ("a[*].b", "x"), ("c", None)]


def test_what_is_no_json_is_compared_as_bytes() -> None:
    assert read_answer(b'{"a": 1}') == {"a": 1}
    assert read_answer(bytearray(b"\xff\xfe")) == b"\xff\xfe"
    assert read_answer(b"<html>") == b"<html>"
