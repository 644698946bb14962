"""Credentials do not reach what is kept or shown, in whatever form a service sends them back."""

from __future__ import annotations

import base64
import json
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.client.redaction import REDACTED, find_secrets, redact

SECRETS = st.text(st.sampled_from("abcXYZ0189+/=-_.~&<'"), min_size=6, max_size=40)


def request(*headers: str) -> bytes:
    return "\r\n".join(["POST /predict HTTP/1.1", "Host: models", *headers, "", "{}"]).encode()


@given(SECRETS, st.sampled_from(["Authorization: Bearer {}", "X-Api-Key: {}", "Cookie: a=1; session={}"]))
def test_what_a_header_carried_is_found_in_every_form(secret: str, header: str) -> None:
    secrets = find_secrets(request(header.format(secret)))
    for told in (secret, json.dumps({"said": secret}), quote(secret, safe=""), escape(secret)):
        shown = redact(f"before {told} after", secrets)
        assert told.strip('{}"') not in shown
        assert shown.startswith("before ")
        assert shown.endswith(" after")


def test_a_password_of_basic_authentication_is_found_in_the_open() -> None:
    word = base64.b64encode(b"anna:hunter22").decode()
    secrets = find_secrets(request(f"Authorization: Basic {word}"))
    assert redact(f"no user anna:hunter22, {word}, hunter22", secrets) == (
        f"no user {REDACTED}, {REDACTED}, {REDACTED}"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"access_token": "abc.def", "n": 1}', '{"access_token": [redacted], "n": 1}'),
        ('{"password":"a \\" b"}', '{"password":[redacted]}'),
        ("/items?api_key=k123&page=2", "/items?api_key=[redacted]&page=2"),
        ("Bearer abcdefgh is unknown", "Bearer [redacted] is unknown"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[redacted]"),
        ('{"detail": "Not Found"}', '{"detail": "Not Found"}'),
        ('{"access_token": "cut off', '{"access_token": [redacted]'),
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_long_words_are_searched_in_linear_time() -> None:
    """A reply may be an image in base64, and the load waits meanwhile."""
    word = "eyJ" * 200_000
    assert redact(word) == word


def test_usual_headers_and_short_words_hide_nothing() -> None:
    secrets = find_secrets(request("Accept: application/json", "Content-Type: text/csv", "X-Shard: 7"))
    assert secrets == []
