"""Takes values out of replies, for the later requests of a journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from configuration.journey import HEADER
from configuration.json_path import find_value, parse_json_path
from loadtests.answers.check import Check
from loadtests.answers.json_body import UNREADABLE, explain_unreadable, read_body
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
        except (LookupError, *UNREADABLE):
            return "invalid_reply"
        return outcome

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there, in words; empty if nothing is wrong."""
        wrong = self.check.explain(reply)
        if wrong:
            return wrong
        try:
            take_values(reply, self.take)
        except UNREADABLE:
            return explain_unreadable(reply)
        except LookupError as error:
            return str(error)
        return ""


def take_values(reply: Reply, take: Mapping[str, str]) -> dict[str, Any]:
    """The values, each from a path in the reply's JSON or from a header; LookupError or ValueError if not."""
    taken: dict[str, Any] = {}
    for name, place in take.items():
        if place.startswith(HEADER):
            value: Any = reply.find_header(place.removeprefix(HEADER))
            if value is None:
                raise LookupError(f"{place}: expected a value to take, nothing is there")
        else:
            try:
                value = find_value(read_body(reply), parse_json_path(place))
            except LookupError:
                raise LookupError(f"{place}: expected a value to take, nothing is there") from None
        taken[name] = value
    return taken
