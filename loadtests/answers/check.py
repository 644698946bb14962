"""Classifies replies: the outcome of a request, by the status and the body that its reply must have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from configuration.endpoint import Statuses
from configuration.reply import ReplyExpectation
from loadtests.answers.content import BodyCheck, EchoCounter, Echoes, add_echoes, build_body_check
from loadtests.answers.schema_check import SchemaCheck
from loadtests.client.reply import Reply

REFUSALS: Final = frozenset((400, 422))
"""The statuses that a service may give to an invalid record."""


class Check(Protocol):
    """What classifies the replies to a request."""

    def classify(self, reply: Reply) -> str:
        """The outcome, one of `reports.data.samples.OUTCOMES`, of a reply or of its absence."""

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there, in words; empty if nothing is wrong.

        The words may quote the reply, and what was sent.
        """


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
            return self.body.classify(reply) if self.body is not None and 200 <= status < 300 else "ok"
        if status == 503 and reply.retry_after:
            return "shed"
        if status >= 500:
            return "http_5xx"
        if status >= 400:
            return "http_4xx"
        return "wrong_answer" if 200 <= status < 300 and self._refuses else "invalid_reply"

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there, in words; empty if nothing is wrong."""
        wanted = _describe_statuses(self.statuses)
        if reply.failure == "invalid_reply":
            return f"expected a reply with {wanted}, got {reply.invalid}"
        if reply.failure is not None:
            return f"expected a reply with {wanted}, got none ({reply.failure})"
        status = reply.status
        if 200 <= status < 300 if self.statuses is None else status in self.statuses:
            return self.body.explain(reply) if self.body is not None and 200 <= status < 300 else ""
        refused = " to a record that ought to be refused" if 200 <= status < 300 and self._refuses else ""
        return f"expected {wanted}, got {status}{refused}"

    @property
    def _refuses(self) -> bool:
        """Whether the service should have refused the request."""
        return self.statuses is not None and min(self.statuses) >= 400

    def with_echoes(self, echoes: Sequence[Echoes], counter: EchoCounter | None = None) -> ReplyCheck:
        """The check that also compares what each item of the reply repeats of its record."""
        return self if self.body is None else replace(self, body=add_echoes(self.body, echoes, counter))


def build_check(
    expectation: ReplyExpectation,
    expect: Statuses,
    kind: str,
    rows: int | None,
    schema: SchemaCheck | None = None,
) -> ReplyCheck:
    """The check of replies to requests of one kind with so many `rows`, None if they hold a single record."""
    statuses = frozenset(expect[kind]) if kind in expect else REFUSALS if kind == "invalid" else None
    if statuses is not None and min(statuses) >= 300:
        return ReplyCheck(statuses)
    return ReplyCheck(statuses, build_body_check(expectation, rows, schema))


def _describe_statuses(statuses: frozenset[int] | None) -> str:
    if statuses is None:
        return "a 2xx status"
    return f"status {' or '.join(map(str, sorted(statuses)))}"
