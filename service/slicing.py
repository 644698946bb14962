"""Cuts the JSON text of a long list into lists that are parsed one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BETWEEN_RECORDS = re.compile(rb"\}\s*,\s*(?=\{)")


def slices(text: bytes, size_bytes: int) -> Iterator[bytes]:
    """JSON lists that hold, one after the other, what the list of objects in `text` holds.

    The text is cut after about `size_bytes`, where an object ends and the next one begins, without parsing
    it. Such a place may lie inside a string or a nested list; the list left of it is then no valid JSON, for
    a quote or a bracket stays open. So if each slice parses, together they are the list; if one does not,
    parse the whole text.
    """
    text = text.strip()
    if not text.startswith(b"["):
        yield text
        return
    start = 1
    while len(text) - start > size_bytes and (cut := _BETWEEN_RECORDS.search(text, start + size_bytes)):
        yield b"[" + text[start : cut.start() + 1] + b"]"
        start = cut.end()
    yield b"[" + text[start:]
