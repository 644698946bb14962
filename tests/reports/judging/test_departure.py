"""A service that goes away during a run and never comes back is said to be gone, and since when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.data.run import Run
from reports.judging.departure import find_departure_s
from reports.judging.verdict import judge_run

MakeRun = Callable[..., Run]


def ten_a_second(make_run: MakeRun, *parts: tuple[int, str], **facts: Any) -> Run:
    """So many requests with each outcome, one after the other."""
    outcomes = [outcome for count, outcome in parts for _ in range(count)]
    answered = [outcome in ("ok", "http_5xx", "invalid_reply") for outcome in outcomes]
    return make_run(len(outcomes), outcome=outcomes, status=np.where(answered, 200, 0).tolist(), facts=facts)


@pytest.mark.parametrize("silence", ["refused", "reset", "timeout"])
def test_a_service_that_answers_nobody_from_some_moment_on_is_gone(make_run: MakeRun, silence: str) -> None:
    assert find_departure_s(ten_a_second(make_run, (70, "ok"), (50, silence))) == pytest.approx(7.0)


@pytest.mark.parametrize(
    "parts",
    [
        [(100, "ok")],
        [(100, "refused")],
        [(50, "ok"), (50, "refused"), (1, "ok")],
        [(50, "ok"), (50, "http_5xx")],
        [(90, "ok"), (9, "refused")],
        [(90, "ok"), (15, "refused")],
        [(50, "ok"), (50, "dropped")],
        [(50, "ok"), (30, "refused"), (30, "no_port")],
    ],
    ids=["fine", "never there", "back", "still answers", "few", "short", "nothing sent", "our own fault"],
)
def test_it_is_not_gone(make_run: MakeRun, parts: Any) -> None:
    assert find_departure_s(ten_a_second(make_run, *parts)) is None


def test_the_verdict_says_so(make_run: MakeRun) -> None:
    parts = ((670, "ok"), (300, "refused"))
    failed = judge_run(ten_a_second(make_run, *parts, objectives=("error rate <= 1 %",)))
    assert failed.sentence.endswith("; the service was gone since 1:07, never back.")
    given_up = judge_run(ten_a_second(make_run, *parts, objectives=("error rate <= 1 %",), given_up="why"))
    assert given_up.sentence == (
        "Failed: given up after 1 min 37 s: why; the service was gone since 1:07, never back."
    )
    lenient = judge_run(ten_a_second(make_run, *parts, objectives=("error rate <= 100 %",)))
    assert "gone since 1:07" in lenient.sentence
