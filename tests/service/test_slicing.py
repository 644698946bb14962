"""Cutting a list's text: what the slices hold together is what the text held, or they do not parse."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from service.slicing import slices

nasty = st.text(alphabet='ab"\\{}[], \n:', max_size=12)
values: st.SearchStrategy[Any] = st.recursive(
    nasty | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3),
    max_leaves=6,
)
records = st.lists(st.dictionaries(nasty, values, min_size=1, max_size=3), max_size=30)


@given(records, st.integers(1, 200), st.sampled_from([None, 0, 2]))
@example([{"a": "},{"}, {"b": "x"}], 1, None)
@example([{"a": [{"b": 1}, {"c": 2}]}, {"d": 3}], 1, None)
def test_slices_that_all_parse_are_the_list(rows: list[Any], size: int, indent: int | None) -> None:
    """Whatever strings and nested lists hold; the slices may fail to parse, but never mean something else."""
    text = json.dumps(rows, indent=indent).encode()
    try:
        together = [row for piece in slices(text, size) for row in json.loads(piece)]
    except ValueError:
        return
    assert together == rows


def test_flat_records_are_cut_near_the_size_asked_for() -> None:
    record = {"age": 42, "region": "northwest"}
    pieces = list(slices(json.dumps([record] * 1_000).encode(), 1_000))
    assert len(pieces) > 30
    assert all(len(piece) < 1_000 + 2 * len(json.dumps(record)) + 4 for piece in pieces)
    assert sum(len(json.loads(piece)) for piece in pieces) == 1_000


def test_what_is_no_list_or_short_is_left_whole() -> None:
    assert list(slices(b'  {"a": 1}, {"b": 2}', 1)) == [b'{"a": 1}, {"b": 2}']
    assert list(slices(b"[]", 100)) == [b"[]"]
    assert list(slices(b"", 100)) == [b""]
