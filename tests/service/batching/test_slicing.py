"""Cutting a list's text: the slices together hold the rows of the list, whatever it contains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.batching.slicing import MAX_SLICE_ROWS, ListSlicer, RowTooLongError

nasty = st.text(alphabet='ab"\\{}[], \n:', max_size=12)
values: st.SearchStrategy[Any] = st.recursive(
    nasty | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3),
    max_leaves=6,
)
rows = st.lists(st.dictionaries(nasty, values, max_size=3) | values, max_size=30)
LONGEST = 1_000


def cut(text: bytes, size_bytes: int) -> Iterator[bytes]:
    """The slices, each cut again if it doesn't parse: then it parses, or the text is no list."""
    slices = ListSlicer(text, size_bytes)
    while slices.more:
        piece = slices.take()
        try:
            json.loads(piece)
        except ValueError:
            piece = slices.recut() or piece
        yield piece


def read(text: bytes, size_bytes: int) -> list[Any]:
    """What the slices hold together. Raises `ValueError` if one is no list, or an empty one among others."""
    return [row for piece in cut(text, size_bytes) for row in json.loads(piece)]


@given(rows, st.integers(1, 3 * LONGEST), st.sampled_from([None, 0, 2]), st.booleans())
@example([{"a": "},{"}, {"b": "x"}], 9, None, False)
@example([{"a": [{"b": 1}, {"c": 2}]}, {"d": 3}], 30, None, False)
@example(["\\", '"', '\\"', "\\\\"], 7, None, False)
def test_the_slices_together_are_the_list(items: list[Any], size: int, indent: int | None, raw: bool) -> None:
    """Whatever strings and nested lists hold; only a row that is longer than a slice isn't read."""
    text = json.dumps(items, indent=indent, ensure_ascii=not raw).encode()
    try:
        assert read(text, size) == items
    except RowTooLongError:
        assert max(len(json.dumps(each, indent=indent)) for each in items) > size / 8


@given(st.text(alphabet='[]{},":1 \\', max_size=40).map(str.encode), st.integers(1, 12))
@example(b"[1,2,]", 3)
@example(b"[1],[2,3,4]", 5)
@example(b"[,1,2,3]", 3)
@example(b"[1,2,3" + b" " * 20 + b",]", 4)
def test_a_text_that_is_no_list_has_a_slice_that_does_not_parse(text: bytes, size: int) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    if not isinstance(expected, list):
        expected = None
    try:
        pieces = [json.loads(piece) for piece in cut(text, size)]
    except (ValueError, RowTooLongError):
        return
    if not all(isinstance(piece, list) for piece in pieces):
        assert expected is None
        return
    assert [row for piece in pieces for row in piece] == expected


RECORD = {"age": 42, "region": "northwest"}


@pytest.mark.parametrize(
    "items",
    [[RECORD] * 1_000, [1] * 10_000, [{}] * 5_000, [{**RECORD, "note": "},{"}] * 500, [[RECORD]] * 500],
    ids=["records", "numbers", "empty records", "looks like an edge", "nested"],
)
def test_no_slice_is_long_or_has_many_rows(items: list[Any]) -> None:
    """Whatever the rows are; and the slices are few, for each costs a turn."""
    text = json.dumps(items).encode()
    pieces = list(cut(text, LONGEST))
    assert max(map(len, pieces)) <= LONGEST + len("[]")
    assert max(sum(isinstance(row, dict) for row in json.loads(piece)) for piece in pieces) <= MAX_SLICE_ROWS
    assert len(pieces) < 2 + 2 * max(len(text) / LONGEST, len(items) / MAX_SLICE_ROWS)


def test_a_row_longer_than_a_slice_is_reported() -> None:
    for text in (b"[" * LONGEST * 2, b'["' + b"a" * LONGEST * 2 + b'"]', b"[1, [" + b"1," * LONGEST + b"1]]"):
        with pytest.raises(RowTooLongError):
            list(cut(text, LONGEST))


def test_a_short_text_is_one_slice() -> None:
    for text in (b"[]", b"[1, 2]", b'[{"a": 1},{"b": 2}]'):
        slices = ListSlicer(b" " + text + b"\n", 100)
        assert slices.is_list
        assert slices.take() == text
        assert slices.whole
        assert not slices.more
        assert slices.recut() is None
    assert not ListSlicer(b'{"a": 1}', 100).is_list
    assert not ListSlicer(b"", 100).is_list
