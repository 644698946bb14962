"""Checks addresses that users give: whether a text is an http(s) URL."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_VISIBLE: Final = re.compile(r"[!-~]+")
"""Characters allowed in a request line: ASCII without spaces and control characters."""
_LABEL_CHARACTERS: Final = 63


class AddressError(ValueError):
    """The text is no usable address; the caller says so, with an example of a valid one."""


def parse_http_url(text: str) -> SplitResult:
    """The parts of an http(s) URL with a host and an optional port from 1 to 65535.

    Raises AddressError for any other text.
    """
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
    """Whether the text is a valid host name or IP address; the host need not exist."""
    labels = text.removesuffix(".").split(".")
    return bool(_VISIBLE.fullmatch(text)) and all(0 < len(label) <= _LABEL_CHARACTERS for label in labels)


def parse_base_url(text: str) -> SplitResult:
    """The parts of an http(s) URL to which a path can be appended.

    Raises AddressError for any other text.
    """
    if "?" in text or "#" in text or not _VISIBLE.fullmatch(text):
        raise AddressError(text)
    return parse_http_url(text)
