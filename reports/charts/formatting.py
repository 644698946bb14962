"""Formats figures for the page's sentences: latencies, shares, moments, lists."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.data.quantities import format_duration, format_number


def format_ms(value: float | None) -> str:
    """A latency with its unit, or a dash if there is none."""
    return f"{format_number(value)} ms" if value is not None and math.isfinite(value) else "–"


def format_share(part: float) -> str:
    """A share of 1 in per cent; only 0 is written as 0 %, and only 1 as 100 %."""
    if 0.999 < part < 1:
        return f"{math.floor(part * 10_000) / 100:g} %"
    return f"{format_number(part * 100, 2 if part < 0.01 else 3)} %"


def describe_moment(t_s: float) -> str:
    """A moment of the run: 'in the first second', '41 s into the run'."""
    return "in the first second" if t_s < 1 else f"{format_duration(t_s)} into the run"


def join_list(words: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
