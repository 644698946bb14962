"""Takes values out of replies, for the later requests of a journey."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from configuration.journey import HEADER
from configuration.json_path import find_value, parse_json_path
from loadtests.answers.check import Check
from loadtests.client.reply import Reply


@dataclass(frozen=True, slots=True)
class TakingCheck:
    """A check that also takes values by name from where `take` says; a reply without them is invalid."""

    check: Check
    take: Mapping[str, str]

    def classify(self, reply: Reply) -> str:
        """The outcome; the values are in `reply.taken` if it is `ok`."""
        outcome = self.check.classify(reply)
        if outcome != "ok":
            return outcome
        try:
            reply.taken = take_values(reply, self.take)
        except (ValueError, LookupError, RecursionError):
            return "invalid_reply"
        return outcome


def take_values(reply: Reply, take: Mapping[str, str]) -> dict[str, Any]:
    """The values, each from a path in the reply's JSON or from a header; LookupError or ValueError if not."""
    taken: dict[str, Any] = {}
    body: Any = None
    for name, place in take.items():
        if place.startswith(HEADER):
            value: Any = reply.find_header(place.removeprefix(HEADER))
            if value is None:
                raise LookupError(f"there is no {place}")
        else:
            body = json.loads(reply.body) if body is None else body
            value = find_value(body, parse_json_path(place))
        taken[name] = value
    return taken
