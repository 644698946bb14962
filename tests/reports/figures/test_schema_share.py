"""The share of replies that were held to a schema is told with the run."""

from __future__ import annotations

from typing import Any

import pytest

from reports.figures.schema_share import describe_schema_share
from reports.judging.verdict import judge_run


def counted(due: float, checked: float, *sources: str) -> dict[Any, Any]:
    """What generator processes tell at two moments; the counts only grow."""
    told = {"schema_due": due, "schema_checked": checked}
    return {
        (source, name): [(1.0, count // 2), (2.0, count)]
        for source in sources
        for name, count in told.items()
    }


@pytest.mark.parametrize(
    ("telemetry", "told"),
    [
        ({}, ""),
        (counted(0, 0, "generator"), ""),
        (counted(1200, 1200, "generator"), "all 1,200 replies"),
        (
            counted(600, 300, "worker 0", "worker 1"),
            "50 % of the replies (600 of 1,200): schema_rate allows no more",
        ),
        (
            counted(100_000, 99_999, "generator"),
            "99.9 % of the replies (99,999 of 100,000): schema_rate allows no more",
        ),
    ],
)
def test_the_share_is_told_in_words(make_run: Any, telemetry: dict[Any, Any], told: str) -> None:
    """It is rounded down, so that only all replies are 100 %."""
    assert describe_schema_share(make_run(100, telemetry=telemetry)) == told


def test_a_pass_says_that_only_some_replies_were_looked_at(make_run: Any) -> None:
    """An invalid reply among the others would not have been seen."""
    sampled = judge_run(make_run(100, telemetry=counted(100, 40, "generator"))).sentence
    assert sampled.endswith("; 40 of 100 replies were held to their schema.")
    whole = judge_run(make_run(100, telemetry=counted(100, 100, "generator"))).sentence
    assert "schema" not in whole
