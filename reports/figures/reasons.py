"""Describes why requests did not succeed, and counts each reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reports.data.failed_requests import NO_FAILED_REQUESTS, FailedRequest, FailedRequests
from reports.data.samples import Samples

MOST_EXAMPLES = 3

OUTCOME_WORDS = {
    "timeout": "timeout",
    "refused": "connection refused",
    "reset": "connection reset",
    "shed": "shed (503 with Retry-After)",
    "dropped": "dropped, never sent (in-flight limit)",
    "invalid_reply": "invalid reply",
    "wrong_answer": "wrong answer",
    "no_descriptor": "never sent, the generator had no file descriptor left",
    "no_port": "never sent, the generator had no port left",
    "expired_credential": "refused (401) with a credential that had been accepted before",
}


@dataclass(frozen=True)
class FailureCount:
    """How many requests failed for one reason, and some of them."""

    reason: str
    count: int
    examples: tuple[FailedRequest, ...] = ()
    """The first of them, with their replies; none if none was kept."""


def describe_failure(outcome: str, status: int) -> str:
    """An outcome in words: `HTTP 502`, `timeout`, `invalid reply (HTTP 200)`."""
    if outcome in ("http_4xx", "http_5xx"):
        return f"HTTP {status}"
    words = OUTCOME_WORDS.get(outcome, outcome)
    return f"{words} (HTTP {status})" if status and outcome in ("invalid_reply", "wrong_answer") else words


def count_failures(
    samples: Samples, expected: Iterable[str] = (), failed: FailedRequests = NO_FAILED_REQUESTS
) -> tuple[FailureCount, ...]:
    """How many requests failed for each reason, the most frequent first; `expected` ones didn't fail.

    `failed` are kept requests, among which those of each reason are examples.
    """
    rows = np.flatnonzero(samples.mark_failed(expected))
    counts: dict[str, int] = {}
    kinds = samples.outcome.codes[rows].astype(np.int64) * 1000 + samples.status[rows]
    for kind, count in zip(*np.unique(kinds, return_counts=True), strict=True):
        words = describe_failure(samples.outcome.names[kind // 1000], int(kind % 1000))
        counts[words] = counts.get(words, 0) + int(count)
    examples: dict[str, tuple[FailedRequest, ...]] = {}
    for each in failed.kept:
        words = describe_failure(each.outcome, each.status)
        examples[words] = (*examples.get(words, ()), each)[:MOST_EXAMPLES]
    return tuple(
        FailureCount(words, count, examples.get(words, ()))
        for words, count in sorted(counts.items(), key=lambda told: (-told[1], told[0]))
    )
