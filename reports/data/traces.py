"""Where a trace is looked up: the address in a trace store, with the place for the trace's id in it."""

from __future__ import annotations

import re
from typing import Final

from reports.data.addresses import AddressError, parse_http_url

PLACEHOLDER: Final = "{trace_id}"
_ID: Final = re.compile("[0-9a-f]{32}")


def check_template(text: str) -> str:
    """The text, if it is the address of a trace store with `{trace_id}` in it; else ValueError says so."""
    try:
        parse_http_url(text)
        if PLACEHOLDER in text:
            return text
    except AddressError:
        pass
    raise ValueError(
        f"{text!r} is no address with {PLACEHOLDER} in it; give one like http://127.0.0.1:16686/trace/{PLACEHOLDER}"
    )


def build_link(template: str, trace_id: str | None) -> str:
    """Where this trace is found; nothing without a template, or for what is no trace's id."""
    if not template or trace_id is None or not _ID.fullmatch(trace_id):
        return ""
    try:
        return check_template(template).replace(PLACEHOLDER, trace_id)
    except ValueError:
        return ""
