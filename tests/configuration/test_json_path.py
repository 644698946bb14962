"""Paths in a JSON value: what they are, where they lead, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.json_path import (
    ABSENT,
    ALL,
    build_finder,
    find_places,
    find_value,
    find_values,
    parse_json_path,
    write_json_path,
)

VALUE = {"a": {"b": [1, 2]}, "c.d": 3, "rows": [{"x": 1}, {"y": 2}, {"x": 3}], "0": "zero"}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("a.b[0]", ("a", "b", 0)),
        ("[0].a", (0, "a")),
        ("a['b.c'].d", ("a", "b.c", "d")),
        ('["a"]', ("a",)),
        ("a[*].b", ("a", ALL, "b")),
        ("$", ()),
        ("$.a", ("a",)),
        ("$[0]", (0,)),
        ("$ref", ("$ref",)),
    ],
)
def test_a_path_has_these_steps(text: str, steps: tuple[str | int, ...]) -> None:
    assert parse_json_path(text) == steps


@pytest.mark.parametrize("text", ["", ".a", "a..b", "a[", "a[x]", "a b", "a.", "$.", "$$.", "$..a", "[-1]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_json_path(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.b[1]", [((("a", "b", 1)), 2)]),
        ("$", [((), VALUE)]),
        ("a.b[*]", [(("a", "b", 0), 1), (("a", "b", 1), 2)]),
        ("rows[*].x", [(("rows", 0, "x"), 1), (("rows", 1, "x"), ABSENT), (("rows", 2, "x"), 3)]),
        ("[0]", [((0,), "zero")]),
        ("a.b[2]", [(("a", "b", 2), ABSENT)]),
        ("a.b.c", [(("a", "b", "c"), ABSENT)]),
        ("x.y.z", [(("x",), ABSENT)]),
        ("a[*]", [(("a", "*"), ABSENT)]),
        ("a.b[0].c", [(("a", "b", 0, "c"), ABSENT)]),
    ],
)
def test_a_path_leads_to_these_places(text: str, found: list[Any]) -> None:
    assert list(find_places(VALUE, parse_json_path(text))) == found
    values = [value for _, value in found]
    if "[*]" not in text:
        assert [build_finder(parse_json_path(text))(VALUE)] == values
    if ABSENT in values:
        with pytest.raises(LookupError):
            list(find_values(VALUE, parse_json_path(text)))
    else:
        assert list(find_values(VALUE, parse_json_path(text))) == values
        assert find_value(VALUE, parse_json_path(text)) == values[0]


def test_an_empty_list_has_no_first_value() -> None:
    with pytest.raises(LookupError):
        find_value([], (ALL,))


names = st.text(min_size=1).filter(
    lambda name: name != ALL and not {"'", '"'} <= set(name) and "\n" not in name
)


@given(st.lists(names | st.integers(0, 99) | st.just(ALL)).map(tuple))
def test_a_written_path_reads_back(path: tuple[str | int, ...]) -> None:
    assert parse_json_path(write_json_path(path)) == path
