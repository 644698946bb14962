"""Objectives relative to a baseline: their sentences, their limits, and how they are judged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.run import Run
from reports.judging.baseline import anchor_objective
from reports.judging.judgement import judge_objective
from reports.objectives.parsing import ObjectiveError, parse_objective

MakeRun = Callable[..., Run]


@pytest.mark.parametrize(
    "sentence",
    [
        "p99 latency <= 110 % of baseline",
        "throughput >= 95 % of baseline on predict",
        "error rate < 150 % of baseline during steady in any 10 s",
    ],
)
def test_a_relative_sentence_reads_back_and_has_no_limit_yet(sentence: str) -> None:
    objective = parse_objective(sentence)
    assert str(objective) == sentence
    assert objective == parse_objective(sentence)
    assert objective.lacks_baseline
    assert not objective.allows(0.0)


@given(st.integers(1, 100_000), st.integers(1, 10_000))
def test_an_anchored_sentence_reads_back_with_its_limit(baseline: int, percent: int) -> None:
    """In run.json the figure of the baseline stands in the sentence, so the run is judged without it."""
    sentence = f"p99 latency <= {percent / 10:g} % of baseline {baseline / 100:g} ms on predict"
    objective = parse_objective(sentence)
    assert str(objective) == sentence
    assert objective.limit == pytest.approx(percent / 1000 * baseline / 100)
    assert objective.subject == "p99 latency on predict"
    assert not objective.lacks_baseline


def test_the_limit_follows_from_the_median_of_the_runs(make_run: MakeRun) -> None:
    runs = [make_run(100, latency_ms=latency_ms) for latency_ms in (40.0, 10.0, 30.0)]
    objective = anchor_objective(parse_objective("p99 latency <= 110 % of baseline"), runs, "main")
    assert str(objective) == "p99 latency <= 110 % of baseline 30 ms"
    assert (objective.limit, objective.unit) == (33.0, "ms")
    fixed = parse_objective("p99 latency <= 1 s")
    assert anchor_objective(fixed, runs, "main") is fixed


def test_shares_are_told_in_per_cent(make_run: MakeRun) -> None:
    outcome = ["http_5xx"] + ["ok"] * 99
    objective = anchor_objective(
        parse_objective("error rate <= 200 % of baseline"), [make_run(100, outcome=outcome)], "main"
    )
    assert str(objective) == "error rate <= 200 % of baseline 1 %"
    assert objective.limit == pytest.approx(0.02)


@pytest.mark.parametrize(("latency_ms", "outcome"), [(32.0, "met"), (34.0, "missed")])
def test_it_is_judged_like_any_other(make_run: MakeRun, latency_ms: float, outcome: str) -> None:
    objective = parse_objective("p99 latency <= 110 % of baseline 30 ms")
    judged = judge_objective(objective, make_run(2000, latency_ms=latency_ms))
    assert judged.outcome == outcome
    assert (judged.limit, judged.unit) == (33.0, "ms")
    assert judged.message == (f"p99 latency was {latency_ms:g} ms, limit 33 ms (110 % of baseline 30 ms).")


def test_a_baseline_that_measured_nothing_is_told(make_run: MakeRun) -> None:
    objective = parse_objective("p99 latency <= 110 % of baseline on another")
    with pytest.raises(ObjectiveError, match="the baseline main measured nothing of it; save another one"):
        anchor_objective(objective, [make_run(10)], "main")


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("p99 latency <= 0 % of baseline", "'0 %' is no share of a baseline"),
        ("p99 latency <= much % of baseline", "'much %' is no share of a baseline"),
        ("p99 latency <= 110 % of base", "expected '<number> ms'"),
        ("p99 latency <= 110 % of baseline 30", "30 has no unit"),
        ("p99 latency >= 110 % of baseline", "is better when lower"),
        ("status 500 <= 110 % of baseline", "can't be told in % of a baseline"),
        ("errors <= 110 % of baseline", "can't be told in % of a baseline"),
        ("error rate <= 200 % of baseline 60 %", "is more than all"),
    ],
)
def test_what_can_not_be_relative_is_refused(sentence: str, said: str) -> None:
    with pytest.raises(ObjectiveError) as refused:
        parse_objective(sentence)
    assert said in str(refused.value)
