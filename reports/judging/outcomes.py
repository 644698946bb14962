"""How an objective, a stage or a run came out, and the symbol of each outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

Outcome: TypeAlias = Literal["met", "missed", "unproven"]
"""Of an objective: its limit was kept, was broken, or was kept without proof."""
StageOutcome: TypeAlias = Outcome | Literal["not judged", "not begun"]
"""Of a stage: the worst outcome among its objectives, or why it has none."""
VerdictWord: TypeAlias = Literal["pass", "fail", "invalid"]
"""Of a run."""

SYMBOLS: Final[Mapping[str, str]] = {
    "met": "✓",
    "missed": "✗",
    "unproven": "?",
    "not judged": "–",
    "not begun": "–",
    "pass": "✓",
    "fail": "✗",
    "invalid": "!",
}
"""For text."""
EMOJI: Final[Mapping[str, str]] = {
    "met": "✅",
    "missed": "❌",
    "unproven": "❔",
    "pass": "✅",
    "fail": "❌",
    "invalid": "⚠️",
}
"""For Markdown, which shows them in colour."""


def find_worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    """Missed before unproven before met; None where there is none."""
    found = set(outcomes)
    return next((outcome for outcome in ("missed", "unproven", "met") if outcome in found), None)
