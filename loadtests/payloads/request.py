"""One encoded request, as users send it."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.answers.check import Check


@dataclass(frozen=True, slots=True)
class Request:
    """One encoded request, and what its reply must be."""

    name: str
    method: str
    endpoint: int
    kind: int
    rows: int | None
    """Records in the list that is sent; None if a single record is sent."""
    encoded: bytes
    """Head and body as they are sent."""
    check: Check
    repeatable: bool = False
    """Whether its method is idempotent (RFC 9110, 9.2.2)."""
    origin: str = ""
    """Where what it carries comes from, for messages: 'line 12 of mine.jsonl'."""
