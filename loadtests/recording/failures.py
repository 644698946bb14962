"""Keeps the first failed requests of each reason, without credentials, to tell why they failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loadtests.client.redaction import SHORTEST, find_secrets, list_texts, redact
from loadtests.client.reply import Reply
from reports.data.failed_requests import FailedRequest, FailedRequests

MOST_REASONS: Final = 20
MOST_OF_A_REASON: Final = 3
SHOWN_BYTES: Final = 300
SEARCHED_BYTES: Final = 8_192
"""Credentials are looked for in so much of a reply before it is cut, so that none is cut in two."""
TELLING_HEADERS: Final = (
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "allow",
    "server",
    "x-request-id",
)
Reason = tuple[str, str, int]
"""Endpoint, outcome, status."""


class FailureKeeper:
    """Keeps requests of one process; a reason that was seen often enough costs one look-up."""

    def __init__(self) -> None:
        self._kept: dict[Reason, list[FailedRequest]] = {}
        self._left_out: set[Reason] = set()

    def wants(self, reason: Reason) -> bool:
        """Whether another request of the reason is kept."""
        kept = self._kept.get(reason)
        if kept is not None:
            return len(kept) < MOST_OF_A_REASON
        if len(self._kept) < MOST_REASONS:
            return True
        if len(self._left_out) < MOST_REASONS:
            self._left_out.add(reason)
        return False

    def keep(self, failed: FailedRequest) -> None:
        """Keep a request of a reason that is wanted."""
        self._kept.setdefault((failed.endpoint, failed.outcome, failed.status), []).append(failed)

    def list_kept(self) -> FailedRequests:
        """All that was kept."""
        return FailedRequests(
            tuple(each for kept in self._kept.values() for each in kept), len(self._left_out)
        )


def merge_failures(parts: list[FailedRequests]) -> FailedRequests:
    """The kept requests of several processes, bounded like those of one; the earliest of each reason stay."""
    keeper = FailureKeeper()
    for failed in sorted((each for part in parts for each in part.kept), key=lambda each: each.at_s):
        if keeper.wants((failed.endpoint, failed.outcome, failed.status)):
            keeper.keep(failed)
    merged = keeper.list_kept()
    left_out = max([merged.reasons_left_out, *(part.reasons_left_out for part in parts)])
    return FailedRequests(merged.kept, left_out)


def describe_request(
    endpoint: str,
    kind: str,
    origin: str,
    encoded: bytes,
    reply: Reply,
    outcome: str,
    explanation: str,
    at_s: float = 0.0,
    secrets: Iterable[str] = (),
    is_login: bool = False,
) -> FailedRequest:
    """What is kept of a request, as it was encoded, and of its reply.

    `secrets` are taken out too, such as values taken from earlier replies, which may be tokens of a session;
    and all texts that the reply to a login holds.
    """
    given = [secret for secret in secrets if len(secret) >= SHORTEST]
    secrets = [*find_secrets(encoded), *given, *(list_texts(reply.body) if is_login else ())]
    method, path = encoded.partition(b"\r\n")[0].decode("latin-1").split(" ")[:2]
    told = dict(reversed([(name.lower(), value) for name, value in reply.list_headers()]))
    headers = ((name, told[name]) for name in TELLING_HEADERS if name in told)
    return FailedRequest(
        endpoint=endpoint,
        kind=kind,
        outcome=outcome,
        status=reply.status,
        method=method,
        path=_cut(redact(path, secrets)),
        origin=origin,
        at_s=round(at_s, 3),
        headers=tuple((name, _cut(redact(value, secrets))) for name, value in headers),
        body=_show_body(reply.body, secrets),
        explanation=_cut(redact(explanation, secrets)),
    )


def _show_body(body: bytes | bytearray, secrets: list[str]) -> str:
    """How a body begins, in at most `SHOWN_BYTES` characters and an ellipsis."""
    return _cut(redact(bytes(body[:SEARCHED_BYTES]).decode("utf-8", errors="replace"), secrets))


def _cut(text: str) -> str:
    shown = text if len(text) <= SHOWN_BYTES else f"{text[:SHOWN_BYTES]}…"
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in shown)
