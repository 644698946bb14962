"""Objectives: sentences that read back as themselves, and what is said of those that are none."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.objectives.metric import Metric
from reports.objectives.metrics import (
    latency_percentile,
    max_latency,
    row_throughput,
    status_count,
    throughput,
)
from reports.objectives.parsing import ObjectiveError, parse_objective

METRICS = (
    "p<percentile> latency, p<percentile> service time, mean latency, max latency, mean service time, "
    "max service time, error rate, errors, wrong answers, status <code>, throughput, peak throughput, "
    "goodput, shed share, recovery time, offered load, availability, p<percentile> drift, "
    "service memory growth, generator memory growth, unseen stalls"
)


def parts(metric: str, comparison: str, stated: float, unit: str, **clauses: Any) -> dict[str, Any]:
    """What a sentence says word by word; clauses that are not given are not said."""
    said = {"metric": metric, "comparison": comparison, "stated": stated, "unit": unit}
    return {**said, "on": None, "during": None, "window_s": None, **clauses}


@pytest.mark.parametrize(
    ("text", "parts", "limit"),
    [
        ("p99 latency <= 100 ms", parts("p99 latency", "<=", 100.0, "ms"), 100.0),
        ("p99.9 latency <= 1 s", parts("p99.9 latency", "<=", 1.0, "s"), 1000.0),
        ("p95 service time < 3 ms", parts("p95 service time", "<", 3.0, "ms"), 3.0),
        ("mean latency <= 40 ms", parts("mean latency", "<=", 40.0, "ms"), 40.0),
        ("max latency <= 1 s", parts("max latency", "<=", 1.0, "s"), 1000.0),
        ("error rate <= 0.1 %", parts("error rate", "<=", 0.1, "%"), 0.001),
        ("errors <= 10 per 10000 requests", parts("errors", "<=", 10.0, "per 10000 requests"), 0.001),
        ("status 503 <= 0", parts("status 503", "<=", 0.0, ""), 0.0),
        ("peak throughput >= 5 requests/s", parts("peak throughput", ">=", 5.0, "requests/s"), 5.0),
        ("throughput >= 200 rows/s", parts("throughput", ">=", 200.0, "rows/s"), 200.0),
        ("unseen stalls <= 6 per h", parts("unseen stalls", "<=", 6.0, "per h"), 6 / 3600),
        ("availability >= 99.9 %", parts("availability", ">=", 99.9, "%"), 0.999),
        ("offered load >= 95 %", parts("offered load", ">=", 95.0, "%"), 0.95),
        ("p99 drift <= 5 %/h", parts("p99 drift", "<=", 5.0, "%/h"), 0.05),
        ("service memory growth <= 1 MiB/h", parts("service memory growth", "<=", 1.0, "MiB/h"), 1.0),
        ("generator memory growth < 512 KiB/h", parts("generator memory growth", "<", 512.0, "KiB/h"), 0.5),
        (
            "p95 latency <= 50 ms during steady",
            parts("p95 latency", "<=", 50.0, "ms", during="steady"),
            50.0,
        ),
        ("p99 latency <= 200 ms on batch", parts("p99 latency", "<=", 200.0, "ms", on="batch"), 200.0),
        (
            "p99 latency <= 200 ms in any 10 s",
            parts("p99 latency", "<=", 200.0, "ms", window_s=10.0),
            200.0,
        ),
        (
            "p99 latency <= 2 ms on batch during 4 users in any 2.5 s",
            parts("p99 latency", "<=", 2.0, "ms", on="batch", during="4 users", window_s=2.5),
            2.0,
        ),
    ],
)
def test_a_sentence_states_an_objective_and_the_objective_says_the_sentence(
    text: str, parts: dict[str, Any], limit: float
) -> None:
    objective = parse_objective(text)
    assert {name: getattr(objective, name) for name in parts} == parts
    assert str(objective) == objective.text == text
    assert objective.limit == limit


@pytest.mark.parametrize(
    ("text", "definition", "argument", "quantile"),
    [
        ("p99.9 latency <= 1 s", latency_percentile, Fraction("99.9"), Fraction("0.999")),
        ("status 503 <= 0", status_count, Fraction(503), None),
        ("max latency <= 1 s", max_latency, None, None),
        ("throughput >= 5 requests/s", throughput, None, None),
        ("throughput >= 5 rows/s", row_throughput, None, None),
    ],
)
def test_the_definition_is_resolved_when_the_sentence_is_read(
    text: str, definition: Metric, argument: Fraction | None, quantile: Fraction | None
) -> None:
    """Two metrics may share a name: the unit of the limit tells which one is meant."""
    objective = parse_objective(text)
    assert objective.definition is definition
    assert objective.argument == argument
    assert objective.quantile == quantile


@pytest.mark.parametrize(
    ("loose", "text"),
    [
        ("  p99   latency<=100ms ", "p99 latency <= 100 ms"),
        ("p99 latency <= 100.0 ms", "p99 latency <= 100 ms"),
        ("error rate <= 1e-1 %", "error rate <= 0.1 %"),
        ("p99 latency <= 5 ms in any 10s during steady", "p99 latency <= 5 ms during steady in any 10 s"),
    ],
)
def test_a_loose_sentence_is_said_tidily(loose: str, text: str) -> None:
    assert str(parse_objective(loose)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "fast please",
            "expected a metric, a comparison (<=, <, >= or >) and a limit, such as 'p99 latency <= 100 ms'",
        ),
        (
            "p99 latancy <= 100 ms",
            f"there is no metric 'p99 latancy'; did you mean 'p99 latency'? There is: {METRICS}",
        ),
        ("zzz <= 1 ms", f"there is no metric 'zzz'. There is: {METRICS}"),
        (
            "p100 latency <= 1 s",
            "a percentile lies between 0 and 100, both excluded, not at 100; "
            "for the slowest request say 'max latency'",
        ),
        (
            "p0 latency <= 1 s",
            "a percentile lies between 0 and 100, both excluded, not at 0; "
            "for the slowest request say 'max latency'",
        ),
        (
            "p100.5 service time <= 1 s",
            "a percentile lies between 0 and 100, both excluded, not at 100.5; "
            "for the slowest request say 'max latency'",
        ),
        ("p9.9.9 latency <= 1 s", "'p9.9.9 latency' holds no number, expected p<percentile> latency"),
        ("status 42 <= 0", "a status is a whole number from 100 to 599, not 42"),
        ("p99 latency == 1 ms", "'==' is no comparison, expected <=, <, >= or >; did you mean '<='?"),
        ("p99 latency <> 1 ms", "'<>' is no comparison, expected <=, <, >= or >"),
        ("p99 latency >= 1 ms", "p<percentile> latency is better when lower: expected <= or <, not >="),
        ("throughput < 5 requests/s", "throughput is better when higher: expected >= or >, not <"),
        (
            "p99 latency <= soon",
            "'soon' is no limit, expected '<number> ms' or '<number> s' or '<number> us'",
        ),
        ("p99 latency <=", "'' is no limit, expected '<number> ms' or '<number> s' or '<number> us'"),
        ("error rate <= 0.1", "0.1 has no unit, expected '<number> %'"),
        (
            "p99 latency <= 1 sec",
            "1 is told in 'sec', expected '<number> ms' or '<number> s' or '<number> us'; did you mean 's'?",
        ),
        (
            "throughput >= 5 req/s",
            "5 is told in 'req/s', expected '<number> requests/s' or '<number> rows/s'; "
            "did you mean 'requests/s'?",
        ),
        ("status 503 <= 3 %", "3 is told in '%', expected '<number>'"),
        ("errors <= 3", "3 has no unit, expected '<number> per <number> requests'"),
        (
            "errors <= 3 per 0 requests",
            "3 is told in 'per 0 requests', expected '<number> per <number> requests'; "
            "did you mean 'per <number> requests'?",
        ),
        ("error rate <= -1 %", "a limit can't be negative, not even -1"),
        ("max latency <= 1e999 s", "1e999 is beyond all numbers; expected a finite limit"),
        ("error rate <= 101 %", "101 % is more than all; expected at most 100 %"),
        ("errors <= 3 per 2 requests", "3 per 2 requests is more than all; expected at most 100 %"),
        ("availability >= 100.1 %", "100.1 % is more than all; expected at most 100 %"),
        ("availability > 100 %", "nothing is more than 100 %; to allow no exception, say '>= 100 %'"),
        ("error rate < 0 %", "nothing is less than 0; to allow none, say '<= 0'"),
        ("p99 latency <= 0 ms", "no reply comes in no time; expected a limit above 0"),
        ("unseen stalls <= 0 per h", "no run is long enough to show everything; expected a limit above 0"),
        ("status 503 <= 0.5", "0.5 is no count, expected a whole number"),
        (
            "p99 latency <= 1 ms in any 10 m",
            "'10 m' is no window, expected '<number> s', such as 'in any 10 s'",
        ),
        (
            "p99 latency <= 1 ms in any 0 s",
            "'0 s' is no window, expected '<number> s', such as 'in any 10 s'",
        ),
        ("p99 latency <= 1 ms on a on b", "'on' is said twice"),
        (
            "availability >= 99 % on single",
            "availability can't be told 'on' something; leave that out",
        ),
        (
            "offered load >= 99 % during steady",
            "offered load can't be told 'during' something; leave that out",
        ),
        (
            "p99 latency <= 1 ms on sngle",
            "there is no endpoint 'sngle'; did you mean 'single'? There is: single, batch",
        ),
        (
            "wrong answers <= 1 per 100000 requests",
            "1 is told in 'per 100000 requests', expected '<number> %' or '<number> per <number>'",
        ),
        ("p99 latency <= 1 ms during peak", "there is no stage 'peak'. There is: steady, ramp up"),
    ],
)
def test_what_is_no_objective_is_told_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ObjectiveError) as error:
        parse_objective(text, endpoints=("single", "batch"), stages=("steady", "ramp up"))
    assert str(error.value) == f"'{text}': {message}"


def test_names_are_taken_as_they_come_where_none_are_given_to_check() -> None:
    assert parse_objective("p99 latency <= 1 ms on anything during whatever").on == "anything"


@pytest.mark.parametrize(
    ("text", "value", "allowed"),
    [
        ("p99 latency <= 100 ms", 100.0, True),
        ("p99 latency < 100 ms", 100.0, False),
        ("error rate <= 0.07 %", 7 / 10_000, True),
        ("error rate <= 0.35 %", 35 / 10_000, True),
        ("errors <= 1 per 3 requests", 1 / 3, True),
        ("wrong answers <= 1 per 100000", 1 / 100_000, True),
        ("wrong answers <= 1 per 100000", 2 / 100_000, False),
        ("throughput >= 5 requests/s", 4.999, False),
        ("throughput > 5 requests/s", 5.0, False),
    ],
)
def test_what_is_exactly_at_the_limit_is_decided_by_the_comparison(
    text: str, value: float, allowed: bool
) -> None:
    assert parse_objective(text).allows(value) is allowed


def test_figures_are_told_in_the_unit_of_the_sentence() -> None:
    assert parse_objective("max latency <= 1 s").convert_to_unit(1234.0) == 1.234
    assert parse_objective("errors <= 1 per 10000 requests").convert_to_unit(0.0005) == 5.0


LIMITS = st.one_of(
    st.integers(1, 100).map(float),
    st.decimals("0.001", "100", places=3).map(float),
    st.floats(1e-9, 100, allow_subnormal=False),
)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@given(
    kind=st.sampled_from(
        [
            ("p99 latency", ("<=", "<"), "ms"),
            ("p99.95 service time", ("<=", "<"), "us"),
            ("max latency", ("<=", "<"), "s"),
            ("error rate", ("<=", "<"), "%"),
            ("errors", ("<=", "<"), "per 300 requests"),
            ("wrong answers", ("<=", "<"), "per 300"),
            ("wrong answers", ("<=", "<"), "%"),
            ("throughput", (">=", ">"), "rows/s"),
            ("peak throughput", (">=", ">"), "requests/s"),
        ]
    ),
    strict=st.booleans(),
    limit=LIMITS,
    on=st.none() | NAMES,
    during=st.none() | NAMES,
    window_s=st.none() | st.integers(1, 600).map(float),
)
def test_every_objective_reads_back_as_itself(
    kind: tuple[str, tuple[str, str], str],
    strict: bool,
    limit: float,
    on: str | None,
    during: str | None,
    window_s: float | None,
) -> None:
    metric, comparisons, unit = kind
    named = {"on": on, "during": during, "in any": None if window_s is None else f"{window_s} s"}
    clauses = "".join(f" {word} {name}" for word, name in named.items() if name is not None)
    objective = parse_objective(f"{metric} {comparisons[strict]} {limit!r} {unit}{clauses}")
    assert (objective.on, objective.during, objective.window_s) == (on, during, window_s)
    assert parse_objective(str(objective)) == objective


GOOD = (
    "p99.9 latency <= 100 ms on batch during 4 users in any 2.5 s",
    "errors <= 10 per 10000 requests",
    "wrong answers < 1 per 100000",
    "status 503 <= 0 during peak",
    "throughput >= 200 rows/s",
    "availability >= 99.9 % in any 10 s",
)
WORDS = sorted({word for sentence in GOOD for word in sentence.split()})
ODD = [
    "",
    "1e999",
    "-0",
    "1e-999",
    "9" * 400,
    "p100",
    "p.",
    "nan",
    "١",
    "in any",
    "during during",
    "%s",
    "\0",
    "\u2028",
]


@st.composite
def spoiled_sentences(draw: st.DrawFn) -> str:
    """A sentence with words dropped, repeated, moved or replaced."""
    words = draw(st.sampled_from(GOOD)).split()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(words)))
        new = draw(st.lists(st.sampled_from(WORDS + ODD) | st.text(max_size=4), max_size=2))
        words[at : at + draw(st.integers(0, 2))] = new
    return draw(st.sampled_from((" ", "  ", ""))).join(words)


@settings(max_examples=200)
@given(text=spoiled_sentences() | st.text(max_size=30))
def test_any_text_is_an_objective_that_reads_back_or_is_told(text: str) -> None:
    """All that a user reads of other text is an `ObjectiveError`."""
    with suppress(ObjectiveError):
        objective = parse_objective(text)
        assert parse_objective(str(objective)) == objective
