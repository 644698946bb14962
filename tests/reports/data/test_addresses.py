"""Only what can be asked over HTTP counts as an address."""

from __future__ import annotations

import pytest

from reports.data.addresses import AddressError, parse_base_url, parse_http_url

ASKABLE = [
    "http://127.0.0.1:8000",
    "https://example.org",
    "http://[::1]:8000/a/",
    "http://example.org./a%20b",
]
UNASKABLE = [
    "",
    "127.0.0.1:8000",
    "ftp://example.org",
    "http://",
    "http://:8000",
    "http://127.0.0.1:abc",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:0",
    "http://[::1",
    "http://exam ple.org",
    "http://example.org/a\nb",
    "http://a..b",
    f"http://{'a' * 64}.org",
]
NO_BASES = ["http://a.org?b=c", "http://a.org/#b", "http://a.org/?", "http://a.org/b c", "http://a.org/ä"]


@pytest.mark.parametrize("text", ASKABLE)
def test_what_can_be_asked_is_an_address(text: str) -> None:
    assert parse_base_url(text).geturl() == text


@pytest.mark.parametrize("text", UNASKABLE)
def test_what_cannot_be_asked_is_none(text: str) -> None:
    with pytest.raises(AddressError):
        parse_http_url(text)


@pytest.mark.parametrize("text", NO_BASES)
def test_paths_cannot_be_put_behind_each_address(text: str) -> None:
    assert parse_http_url(text)
    with pytest.raises(AddressError):
        parse_base_url(text)
