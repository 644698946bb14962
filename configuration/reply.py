"""What a reply must be, besides its status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from configuration.document import Node
from configuration.readers import read_text


@dataclass(frozen=True)
class ReplyExpectation:
    """`finite` names the number that each prediction in a reply must contain, if any."""

    finite: str | None = None

    def resolve(self) -> dict[str, Any] | None:
        """The plain values that read back as this."""
        return None if self.finite is None else {"finite": self.finite}


def read_reply(node: Node) -> ReplyExpectation:
    """The reply section of an endpoint; null checks nothing."""
    if node.value is None:
        return ReplyExpectation()
    with node.read_mapping("{finite: <the field that holds a number>}, or null for no check") as keys:
        finite = keys.read("finite", read_text)
    return ReplyExpectation(finite)
