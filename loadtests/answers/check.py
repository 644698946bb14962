"""Classifies replies: the outcome of a request, by the status and the body that its reply must have."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from configuration.endpoint import Statuses
from configuration.reply import ReplyExpectation
from loadtests.client.reply import Reply

REFUSALS: Final = frozenset((400, 422))
"""The statuses that a service may give to an invalid record."""

BodyCheck = Callable[[bytes | bytearray], bool]


class Check(Protocol):
    """What classifies the replies to a request."""

    def classify(self, reply: Reply) -> str:
        """The outcome, one of `reports.data.samples.OUTCOMES`, of a reply or of its absence."""


@dataclass(frozen=True, slots=True)
class ReplyCheck:
    """What the reply to a request must be."""

    statuses: frozenset[int] | None = None
    """The statuses that are right; None for any 2xx."""
    body: BodyCheck | None = None
    """Whether the body of a reply with the right status is right; None accepts any."""

    def classify(self, reply: Reply) -> str:
        """The outcome, one of `reports.data.samples.OUTCOMES`, of a reply or of its absence."""
        if reply.failure is not None:
            return reply.failure
        status = reply.status
        if 200 <= status < 300 if self.statuses is None else status in self.statuses:
            return "ok" if self.body is None or self.body(reply.body) else "invalid_reply"
        if status == 503 and reply.retry_after:
            return "shed"
        if status >= 500:
            return "http_5xx"
        if status >= 400:
            return "http_4xx"
        return "wrong_answer" if 200 <= status < 300 and self._refuses else "invalid_reply"

    @property
    def _refuses(self) -> bool:
        """Whether the service should have refused the request."""
        return self.statuses is not None and min(self.statuses) >= 400


def build_check(expectation: ReplyExpectation, expect: Statuses, kind: str, rows: int | None) -> ReplyCheck:
    """The check of replies to requests of one kind with so many `rows`, None if they hold a single record."""
    statuses = frozenset(expect[kind]) if kind in expect else REFUSALS if kind == "invalid" else None
    if expectation.finite is None or (statuses is not None and min(statuses) >= 300):
        return ReplyCheck(statuses)
    return ReplyCheck(statuses, _FiniteCheck(expectation.finite, rows))


@dataclass(frozen=True, slots=True)
class _FiniteCheck:
    """Whether a body is one prediction, or a list of `rows`, each with a finite number under `name`.

    False too for a number too large for a float, and for JSON nested too deep to read.
    """

    name: str
    rows: int | None

    def __call__(self, body: bytes | bytearray) -> bool:
        try:
            reply = parse_json(body.decode())
            if self.rows is None:
                return _holds_number(reply, self.name)
            if not isinstance(reply, list) or len(reply) != self.rows:
                return False
            return all(_holds_number(item, self.name) for item in reply)
        except (ValueError, OverflowError, RecursionError):
            return False


def parse_json(text: str) -> Any:
    """What `json.loads` returns, faster where no blanks surround the value."""
    if text[:1] in _BLANKS:
        return json.loads(text)
    value, end = _decode(text)
    return value if end == len(text) else json.loads(text)


_BLANKS: Final = ("", " ", "\t", "\n", "\r")
_decode: Final = json.JSONDecoder().raw_decode


def _holds_number(prediction: Any, name: str) -> bool:
    value = prediction.get(name) if isinstance(prediction, dict) else None
    return isinstance(value, _NUMBERS) and not isinstance(value, bool) and math.isfinite(value)


_NUMBERS: Final = (int, float)
"""A tuple, because a union would be created for every reply."""
