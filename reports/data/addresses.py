"""The addresses that people give: which text is an http(s) URL that can be asked."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_VISIBLE: Final = re.compile(r"[!-~]+")
"""What a request's head can name: ASCII without spaces and control characters."""
_LABEL_CHARACTERS: Final = 63


class AddressError(ValueError):
    """The text is no address; whoever asked for it says so, and which one would do."""


def parse_http_url(text: str) -> SplitResult:
    """The parts of an http(s) URL with a host and, if any, a port from 1 to 65535; or AddressError."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressError(text) from None
    if parts.scheme not in ("http", "https") or port == 0 or not text.isprintable():
        raise AddressError(text)
    if not is_host(parts.hostname or ""):
        raise AddressError(text)
    return parts


def is_host(text: str) -> bool:
    """Whether it can be a host's name, or is an IP address; not whether there is such a host."""
    labels = text.removesuffix(".").split(".")
    return bool(_VISIBLE.fullmatch(text)) and all(0 < len(label) <= _LABEL_CHARACTERS for label in labels)


def parse_base_url(text: str) -> SplitResult:
    """The parts of an http(s) URL that paths can be put behind; or AddressError."""
    if "?" in text or "#" in text or not _VISIBLE.fullmatch(text):
        raise AddressError(text)
    return parse_http_url(text)
