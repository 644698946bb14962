"""Cuts the JSON text of a long list into short lists, which are parsed one at a time."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_ROWS: Final = 256
"""Objects in a slice at most: many very short rows are more work than their bytes tell."""

_BETWEEN_RECORDS = re.compile(rb"\}\s*,\s*(?=\{)")
_BLANK = b" \t\n\r"
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_QUOTE, _OPEN, _CLOSE, _COMMA = 1, 2, 3, 4
_KIND: Final = bytes(
    {ord('"'): _QUOTE, **dict.fromkeys(b"[{", _OPEN), **dict.fromkeys(b"]}", _CLOSE), ord(","): _COMMA}.get(
        byte, 0
    )
    for byte in range(256)
)
_DEEPER: Final = np.array([0, 0, 1, -1, 0], dtype=np.int32)


class RowTooLongError(Exception):
    """A row of the list is longer than a slice may be."""


class Slices:
    """Lists that hold, one after the other, what the list in `text` holds, each cut when it is asked for.

    A slice has at most `size_bytes` of the text and `MOST_ROWS` objects. Its end is guessed first: where an
    object ends and the next begins, found without parsing. That may lie inside a string or a nested list; the
    slice is then no valid JSON, for a quote or a bracket stays open, and `again` cuts it exactly. So if each
    slice parses, together they are the list; and one that was cut exactly and does not parse shows that
    `text` is no list. A guess costs 0.1 µs a row, an exact cut 0.5 µs, parsing 0.6 µs.
    """

    def __init__(self, text: bytes, size_bytes: int) -> None:
        self._text = text.strip(_BLANK)
        self._size_bytes = size_bytes
        self._exact = False
        self._start = self._next = 1
        self.more = True
        """Whether there are slices to come."""
        self.whole = False
        """Whether the slice at hand is all of the text."""

    @property
    def is_list(self) -> bool:
        """Whether the text begins as a list does."""
        return self._text.startswith(b"[")

    def take(self) -> bytes:
        """The next slice. Raises `RowTooLongError`."""
        self._start = self._next
        return self._cut()

    def again(self) -> bytes | None:
        """The slice at hand, cut exactly, as are those to come; None if no guess was to blame.

        Raises `RowTooLongError`.
        """
        if self._exact or not self.more:
            return None
        self._exact = True
        return self._cut()

    def _cut(self) -> bytes:
        text, start = self._text, self._start
        end = start + self._size_bytes
        if end >= len(text) and text.count(b"{", start) <= MOST_ROWS:
            return self._rest()
        if not self._exact and (between := self._guess(end)):
            self._next = between.end()
            return b"[" + text[start : between.start() + 1] + b"]"
        commas = commas_between(text[start:end])[:MOST_ROWS]
        if not len(commas):
            if end >= len(text):
                return self._rest()
            raise RowTooLongError
        cut = start + int(commas[-1])
        self._next = cut + 1
        row = text[start:cut]
        return b"[" + row + (b"]" if row.strip(_BLANK) else b",]")

    def _rest(self) -> bytes:
        self.more = False
        self.whole = self._start == 1
        if self.whole:
            return self._text
        rest = self._text[self._start :]
        # Nothing left after a comma is a comma too many, which the list by itself would hide.
        return b"[," + rest if rest.strip(_BLANK) == b"]" else b"[" + rest

    def _guess(self, end: int) -> re.Match[bytes] | None:
        text, start = self._text, self._start
        if text.count(b"{", start, end) > MOST_ROWS:
            return None
        last = text.rfind(b"}", start, end)
        return _BETWEEN_RECORDS.match(text, last) if last >= 0 else None


def commas_between(text: bytes) -> NDArray[np.intp]:
    """Where `text`, which begins where a row of a list does, has the commas between rows.

    All at once over the marks of the text, so that the time depends on its length alone: a mark is inside a
    string after an odd number of quotes, and inside a row where more brackets were opened than closed.
    """
    if b"\\" in text:
        text = _ESCAPE.sub(b"__", text)
    kinds = np.frombuffer(text.translate(_KIND), dtype=np.uint8)
    places = np.flatnonzero(kinds)
    kinds = kinds[places]
    quotes = kinds == _QUOTE
    outside = ~(np.logical_xor.accumulate(quotes) | quotes)
    places, kinds = places[outside], kinds[outside]
    commas: NDArray[np.intp] = places[(kinds == _COMMA) & (np.cumsum(_DEEPER[kinds]) == 0)]
    return commas
