"""Wrong answers are named for what they are; a distribution that changed is told, and chance is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.answers import STATUS, AnswerSeries, ComparedAnswers, WrongAnswer
from reports.data.facts import Facts
from reports.data.run import Run
from reports.judging.answers import describe_answers, find_shifts
from reports.judging.verdict import judge_run

MakeRun = Callable[..., Run]
BEGAN_S = 1000.0
PROBES = 100


def wrong(expected: str, found: str, another: bool = False, place: str = "score", at_s: float = 4.0) -> Any:
    """A wrong answer to the first probe."""
    return WrongAnswer("predict", 0, place, expected, found, another, BEGAN_S + at_s)


def told(make_run: MakeRun, answers: ComparedAnswers, wrong_from: int = 60, share: float = 0.1) -> Run:
    """A run of probes, of which a share is wrong from one on."""
    outcomes = ["ok"] * wrong_from + [
        "wrong_answer" if number % round(1 / share) == 0 else "ok" for number in range(PROBES - wrong_from)
    ]
    facts = {"answers": answers, "began_s": BEGAN_S, "objectives": ()}
    return make_run(PROBES, endpoint="predict", kind="probe", outcome=outcomes, facts=facts)


def test_answers_with_another_status_are_named(make_run: MakeRun) -> None:
    found = [wrong("200", "201", place=STATUS) for _ in range(3)]
    (sentence,) = describe_answers(told(make_run, ComparedAnswers(wrong=tuple(found)), share=1.0))
    assert "another HTTP status (probe " in sentence
    assert "the HTTP status was 201 instead of 200" in sentence


@pytest.mark.parametrize(
    ("found", "share", "pattern"),
    [
        (
            [wrong("1", "2", another=True), wrong("3", "4", another=True), wrong("1", "9")],
            0.1,
            "swapped or stale",
        ),
        ([wrong("1", "5"), wrong("2", "5"), wrong("3", "5")], 0.1, "always the same answer"),
        ([wrong("1", "1.1"), wrong("2", "2.2"), wrong("3", "3.3")], 1.0, "changed while it ran"),
        ([wrong("1", "1.1"), wrong("2", "2.2"), wrong("3", "3.3")], 0.1, "another value"),
        ([wrong("cat", "dog"), wrong("dog", "cat")], 0.1, "another label or text"),
    ],
)
def test_wrong_answers_are_named(make_run: MakeRun, found: Any, share: float, pattern: str) -> None:
    run = told(make_run, ComparedAnswers(wrong=tuple(found)), share=share)
    (sentence,) = describe_answers(run)
    assert sentence.startswith("Wrong answers of predict, first after 4 s: ")
    assert pattern in sentence
    assert f"score was {found[0].found} instead of {found[0].expected}" in sentence


def test_wrong_answers_fail_a_run_that_sets_no_limit_for_them(make_run: MakeRun) -> None:
    answers = ComparedAnswers(wrong=(wrong("1", "2"),))
    verdict = judge_run(told(make_run, answers))
    assert verdict.sentence == "Failed: wrong answers were 4 %, limit 0 %."
    assert any("score was 2 instead of 1" in reason for reason in verdict.reasons)


def test_what_the_scenario_allows_or_expects_does_not_fail(make_run: MakeRun) -> None:
    run = told(make_run, ComparedAnswers(wrong=(wrong("1", "2"),)))
    for facts in ({"objectives": ("wrong answers <= 20 per 100",)}, {"expected": ("wrong_answer",)}):
        changed = make_run(
            PROBES,
            endpoint="predict",
            kind="probe",
            outcome=run.samples.outcome.decode().tolist(),
            facts={"objectives": (), "answers": run.facts.answers, **facts},
        )
        assert judge_run(changed).verdict == "pass"


def test_a_limit_for_one_endpoint_leaves_the_others_compared(make_run: MakeRun) -> None:
    run = told(make_run, ComparedAnswers(wrong=(wrong("1", "2"),)))
    stated = ("wrong answers <= 20 per 100 on predict", "error rate <= 100 %")
    changed = make_run(
        PROBES,
        endpoint="predict",
        kind="probe",
        outcome=run.samples.outcome.decode().tolist(),
        facts={"objectives": stated, "answers": run.facts.answers},
    )
    assert judge_run(changed).verdict == "fail"


def series(
    at_rest: Sequence[Any], under_load: Sequence[Any], compared: bool = True, place: str = "score"
) -> ComparedAnswers:
    """One watched field."""
    return ComparedAnswers(
        series=(AnswerSeries("predict", place, compared, tuple(at_rest), tuple(under_load)),)
    )


def shifts(make_run: MakeRun, answers: ComparedAnswers) -> list[str]:
    """The shifts that are found."""
    return [shift.what for shift in find_shifts(make_run(10, facts={"answers": answers}))]


NUMBERS = [float(value) for value in np.random.default_rng(1).normal(size=100)]
LABELS = ["cat", "dog"] * 50


@pytest.mark.parametrize(
    ("at_rest", "under_load"),
    [
        (NUMBERS, [0.5] * 200),
        (NUMBERS, [value + 2 for value in NUMBERS]),
        (NUMBERS, [value * 9 for value in NUMBERS]),
        (LABELS, ["cat"] * 100),
        (LABELS, ["bird"] * 100),
    ],
    ids=["constant", "shifted", "wider", "one label", "new label"],
)
def test_another_distribution_is_told(make_run: MakeRun, at_rest: Any, under_load: Any) -> None:
    (what,) = shifts(make_run, series(at_rest, under_load))
    assert what.startswith("score of predict is distributed otherwise under load than at rest: ")


@given(seed=st.integers(0, 10_000), texts=st.booleans(), count=st.integers(1, 200))
def test_the_same_distribution_is_not(make_run: MakeRun, seed: int, texts: bool, count: int) -> None:
    chance = np.random.default_rng(seed)
    drawn = [chance.normal(size=size) for size in (100, count)]
    made: list[list[Any]] = [["up" if value > 1 else "down" for value in each] for each in drawn]
    assert not shifts(make_run, series(*(made if texts else [each.tolist() for each in drawn])))


@pytest.mark.parametrize(
    ("at_rest", "under_load"),
    [
        (range(100), range(5000, 5200)),
        ([f"id {number}" for number in range(100)], [f"id {number}" for number in range(900, 1000)]),
        (["cat"] * 100, ["cat"] * 100),
        (NUMBERS[:5], [9.0] * 100),
    ],
    ids=["clock", "ids", "one text", "too few"],
)
def test_what_says_nothing_is_not_tested(make_run: MakeRun, at_rest: Any, under_load: Any) -> None:
    numbers = [
        [float(value) if isinstance(value, int) else value for value in values]
        for values in (at_rest, under_load)
    ]
    assert not shifts(make_run, series(*numbers, compared=False))


def test_a_shift_fails_a_run_where_values_are_compared_and_warns_where_not(make_run: MakeRun) -> None:
    shifted = NUMBERS, [0.5] * 200
    failed = judge_run(make_run(10, facts={"answers": series(*shifted), "objectives": ()}, kind="probe"))
    assert failed.verdict == "fail"
    assert failed.sentence.startswith("Failed: score of predict is distributed otherwise")
    warned = judge_run(
        make_run(10, facts={"answers": series(*shifted, compared=False), "objectives": ()}, kind="probe")
    )
    assert warned.verdict == "pass"
    assert warned.answers[0].endswith("it is not compared: put it under ignore if it may.")


def test_the_facts_read_back(make_run: MakeRun) -> None:
    answers = ComparedAnswers(("a note",), series(NUMBERS, LABELS).series, (wrong("1", "2"),))
    facts = make_run(10, facts={"answers": answers}).facts
    assert Facts.from_json(facts.to_json()) == facts


def test_what_several_processes_saw_is_put_together() -> None:
    at_rest = ComparedAnswers(("a note",), series([1.0], []).series)
    first = ComparedAnswers((), series([], [2.0]).series, (wrong("1", "2", at_s=5.0),))
    second = ComparedAnswers((), series([], [3.0]).series, (wrong("1", "3", at_s=4.0),))
    merged = at_rest.merge(first).merge(second)
    assert merged.notes == ("a note",)
    assert merged.series == series([1.0], [2.0, 3.0]).series
    assert [each.found for each in merged.wrong] == ["3", "2"]
