"""Takes credentials out of texts that are kept or shown: those of a request, and what looks like one."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any, Final
from urllib.parse import quote, unquote

REDACTED: Final = "[redacted]"
SEARCHED_BYTES: Final = 65_536
"""As much of a request is searched: a search of megabytes would hold up the load."""
SHORTEST: Final = 4
"""A shorter text is no credential, and would be taken out of every word that holds it."""
USUAL_HEADERS: Final = frozenset(("host", "user-agent", "accept", "content-type", "content-length"))
"""Headers that carry no credentials; any other may."""
SCHEMES: Final = frozenset(("bearer", "basic", "digest", "token"))
"""Words before the credentials in an Authorization header."""
SECRETS: Final[set[str]] = set()
"""Values of environment variables that requests carry: they are taken out of every text."""
_NAMED: Final = re.compile(
    r"""((?<![\w-])(?:[\w-]{0,64}(?:token|passw(?:or)?d|secret|credential|signature)|(?:x-)?api[_-]?key|authorization|session[_-]?id)
    ["']?\s*[:=]\s*)(?!expected\s)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s&,;}"']+)""",
    re.IGNORECASE | re.VERBOSE,
)
"""`name: value`, `"name": "value"` or `name=value`, where the name is that of a credential.

It is looked for where words begin only: a reply may hold one long word. "token: expected ..." is a
sentence of ours.
"""
_SCHEMES: Final = re.compile(r"\b(Bearer|Basic|Digest|Token)\s+[\w.~+/=-]{4,}", re.IGNORECASE)
_JWT: Final = re.compile(r"\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?")


def find_secrets(request: bytes) -> list[str]:
    """What may be a credential in an encoded request.

    That are the values of its unusual headers, their words, and what stands in its body, or in its path,
    under the name of a credential.
    """
    head, _, body = (part.decode("latin-1") for part in request[:SEARCHED_BYTES].partition(b"\r\n\r\n"))
    line = head.partition("\r\n")[0]
    secrets = {unquote(found[2].strip("\"'")) for text in (line, body) for found in _NAMED.finditer(text)}
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() not in USUAL_HEADERS:
            words = re.split(r"[\s;,]+", value.strip())
            secrets.update((value.strip(), *words, *(word.partition("=")[2] for word in words)))
            secrets.update(part for word in words for part in _decode_basic(word))
    return [secret for secret in secrets if len(secret) >= SHORTEST and secret.lower() not in SCHEMES]


def list_texts(body: bytes | bytearray) -> list[str]:
    """The texts in the JSON of a body that are long enough to be a secret."""
    try:
        found: list[Any] = [json.loads(body)]
    except (ValueError, RecursionError):
        return []
    texts = []
    while found:
        value = found.pop()
        if isinstance(value, dict | list):
            found += value.values() if isinstance(value, dict) else value
        elif isinstance(value, str) and len(value) >= 2 * SHORTEST:
            texts.append(value)
    return texts


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secrets, also as JSON, HTML and URLs write them, and what looks like one."""
    known = (*secrets, *(each for each in SECRETS if len(each) >= SHORTEST))
    forms = {form for secret in known for form in _list_forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = _remove_cut(text.replace(form, REDACTED), form)
    text = _NAMED.sub(rf"\g<1>{REDACTED}", text)
    text = _SCHEMES.sub(rf"\g<1> {REDACTED}", text)
    return _JWT.sub(REDACTED, text)


def _remove_cut(text: str, form: str) -> str:
    """The text without the beginning of a secret that was cut off: where an ellipsis follows it."""
    for size in range(len(form) - 1, 2 * SHORTEST - 1, -1) if "…" in text else ():
        text = text.replace(f"{form[:size]}…", f"{REDACTED}…")
    return text


def _list_forms(secret: str) -> tuple[str, ...]:
    quoted = json.dumps(secret)[1:-1]
    return secret, quoted, quoted.replace("/", "\\/"), quote(secret), quote(secret, safe=""), escape(secret)


def _decode_basic(word: str) -> tuple[str, ...]:
    """User with password, and the password, if the word is those of basic authentication (RFC 7617)."""
    try:
        plain = base64.b64decode(word, validate=True).decode()
    except (binascii.Error, ValueError):
        return ()
    return (plain, plain.partition(":")[2]) if ":" in plain else ()
