"""Builds links to traces from the address of a trace store, with a placeholder for the trace id."""

from __future__ import annotations

import re
from typing import Final

from reports.data.addresses import AddressError, parse_http_url

PLACEHOLDER: Final = "{trace_id}"
_ID: Final = re.compile("[0-9a-f]{32}")


def check_template(text: str) -> str:
    """The text if it is an address with `{trace_id}` in it; raises ValueError with a sentence otherwise."""
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
    """The address of a trace; empty without a valid template or trace id."""
    if not template or trace_id is None or not _ID.fullmatch(trace_id):
        return ""
    try:
        return check_template(template).replace(PLACEHOLDER, trace_id)
    except ValueError:
        return ""
