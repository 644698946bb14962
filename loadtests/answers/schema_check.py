"""Holds replies to a JSON schema: all of them up to a rate, above it so many of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from loadtests.answers.json_schema import Schema


class SchemaCheck:
    """The schema of an endpoint's replies, compiled once; SchemaError if it is none.

    `rate` replies per second are looked at. The rate is kept by a token bucket: each look takes a token, and
    tokens come back evenly over time, at most a second's worth of them. So no reply is left out while fewer
    than `rate` arrive per second, and above that the looks are spread over all of the time.
    """

    def __init__(
        self, document: Mapping[str, Any], rate: float, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._schema = Schema(document)
        self._rate = rate
        self._most = max(1.0, rate)
        self._tokens = self._most
        self._clock = clock
        self._then = clock()
        self.due = 0
        """Replies that came to be held to the schema."""
        self.checked = 0
        """Those of them that were."""

    def accepts(self, value: Any) -> bool:
        """Whether a reply fits the schema, or was not looked at."""
        self.due += 1
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._then) * self._rate)
        self._then = now
        if self._tokens < 1.0:
            return True
        self._tokens -= 1.0
        self.checked += 1
        return self._schema.is_valid(value)

    def explain(self, value: Any) -> str | None:
        """What is wrong with a reply, and where; None if it fits."""
        return self._schema.explain(value)
