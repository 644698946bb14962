"""Reads the JSON in the body of a reply, once."""

from __future__ import annotations

import json
from typing import Any, Final

from loadtests.client.reply import UNREAD, Reply

UNREADABLE: Final = (ValueError, RecursionError)
"""What is raised for a body that is no JSON, or nested too deep to read."""


def read_body(reply: Reply) -> Any:
    """The JSON value of the body, read at the first call and kept with the reply; raises `UNREADABLE`."""
    value = reply.value
    if value is UNREAD:
        value = reply.value = parse_json(reply.body.decode())
    return value


def parse_json(text: str) -> Any:
    """What `json.loads` returns, faster where no blanks surround the value."""
    if text[:1] in _BLANKS:
        return json.loads(text)
    value, end = _decode(text)
    return value if end == len(text) else json.loads(text)


_BLANKS: Final = ("", " ", "\t", "\n", "\r")
_decode: Final = json.JSONDecoder().raw_decode
LONGEST_SHOWN: Final = 80


def show_value(value: Any) -> str:
    """A JSON value as it stands in a reply, cut if it is long."""
    return _cut(json.dumps(value, ensure_ascii=False))


def explain_unreadable(reply: Reply) -> str:
    """Why the body of a reply can't be read."""
    body = reply.body
    if not body:
        return "expected JSON, got an empty body"
    try:
        parse_json(body.decode())
    except json.JSONDecodeError as error:
        why = f"{error.msg.removesuffix(' at')} at character {error.pos + 1:,} of {len(error.doc):,}"
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1:,} is no UTF-8"
    except UNREADABLE:
        why = "it is nested too deep, or holds a number too long, to be read"
    begin = body[: 2 * LONGEST_SHOWN].decode("utf-8", errors="replace")
    return f"expected JSON, got {_cut(repr(begin))} ({why})"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
