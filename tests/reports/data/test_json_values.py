"""Files of a run that somebody changed: read, or refused in one sentence with the place."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.data.answers import AnswerSeries, ComparedAnswers, WrongAnswer
from reports.data.facts import Facts
from reports.data.failed_requests import FailedRequest, FailedRequests
from reports.data.folder import FolderError, read_run
from reports.data.run import Run
from reports.data.telemetry import TELEMETRY_SCHEMA
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.objectives.parsing import ObjectiveError

MakeRun = Callable[..., Run]
STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 10**400, 1e300, float("inf"), float("nan"), "", "text", "\ud800", [], {}, [[]]]),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def list_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value within parsed JSON."""
    yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from list_places(each, (*place, key))


def put(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    """`value` with `other` at a place."""
    if not place:
        return other
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = other
    return changed


@pytest.fixture
def known(make_run: MakeRun) -> dict[str, Any]:
    """What run.json holds of a run with a bit of everything."""
    endpoint = {"name": "prediction", "reply": {"fields": {"id": {"equals": "id"}}}}
    answers = ComparedAnswers(
        ("a note",),
        (AnswerSeries("prediction", "charges", True, (1.0, "a"), (2.0,)),),
        (WrongAnswer("prediction", 0, "charges", "1", "2", False, 1.0),),
    )
    facts = {
        "objectives": ("p99 latency <= 100 ms", "wrong answers <= 1 %"),
        "resolved": {"traffic": {"endpoints": [endpoint], "journeys": [{"name": "j", "steps": [endpoint]}]}},
        "answers": answers,
        "generator": {"busy": 0.9},
        "seeds": {"payloads": 1},
    }
    return json.loads(json.dumps(make_run(40, facts=facts).facts.to_json()))  # type: ignore[no-any-return]


def test_facts_read_back_as_they_were_written(known: dict[str, Any]) -> None:
    assert json.loads(json.dumps(Facts.from_json(known).to_json())) == known


def test_an_early_end_is_read_as_older_versions_wrote_it(known: dict[str, Any]) -> None:
    """They counted looks, of which one is that at the end, and kept no moment of the decision."""
    old = {key: value for key, value in known.items() if key not in ("early_end", "decided_s")}
    ended = Facts.from_json(old | {"looks": 10, "decided": True, "ended_s": 40.0})
    assert (ended.early_end, ended.decided_s) == (True, 40.0)
    whole = Facts.from_json(old | {"looks": 1, "decided": False, "ended_s": 40.0})
    assert (whole.early_end, whole.decided_s) == (False, None)
    with pytest.raises(ValueError, match="looks is 'ten', expected a whole number"):
        Facts.from_json(old | {"looks": "ten"})


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("host",), 5, "host is 5, expected a text"),
        (("stages", 0, "end_s"), "late", "stages[0].end_s is 'late', expected a number"),
        (("stages", 0), {"name": "a"}, "stages[0].start_s is missing"),
        (("plan", "users"), None, "plan.users is None, expected a list"),
        (("plan", "t_s"), [], "plan.users is of another length than plan.t_s"),
        (("model",), "half", "model is 'half', expected 'closed' or 'open'"),
        (("confidence",), 2, "confidence is 2, expected 1e-09 to 1"),
        (("workers",), 10**9, "workers is 1e+09, expected 1 to 65536"),
        (("ended_s",), 10**400, "ended_s is a number of many digits, expected a number within 1e+15"),
        (("resolved", "traffic", "endpoints", 0, "name"), [], "endpoints[0].name is [], expected a text"),
        (("answers", "wrong", 0, "at_s"), None, "answers.wrong[0].at_s is None, expected a number"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(
    known: dict[str, Any], place: tuple[Any, ...], value: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Facts.from_json(put(known, place, value))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_run_json_is_judged_or_refused_in_a_sentence(
    data: st.DataObject, known: dict[str, Any], tmp_path: Path, make_table: Callable[..., Any]
) -> None:
    """Nothing but the two documented errors leaves reading, summing up and judging."""
    if not (tmp_path / "samples.parquet").exists():
        pq.write_table(make_table(40), tmp_path / "samples.parquet")
    place = data.draw(st.sampled_from(list(list_places(known))))
    changed = put(known, place, data.draw(STRANGE))
    (tmp_path / "run.json").write_text(json.dumps(changed))
    with suppress(FolderError, ObjectiveError):
        run = read_run(tmp_path)
        judge_run(run, summarise(run).stages)


@given(data=st.data())
def test_changed_failures_are_read_or_refused_in_a_sentence(data: st.DataObject) -> None:
    kept = FailedRequest("prediction", "realistic", "http_5xx", 500, "POST", "/", headers=(("a", "b"),))
    written = json.loads(json.dumps(FailedRequests((kept,), 2).to_json()))
    assert FailedRequests.from_json(written) == FailedRequests((kept,), 2)
    place = data.draw(st.sampled_from(list(list_places(written))))
    with suppress(ValueError):
        FailedRequests.from_json(put(written, place, data.draw(STRANGE)))


@pytest.mark.parametrize("name", ["samples", "telemetry"])
@pytest.mark.parametrize("change", ["absent", "texts", "numbers", "nulls", "lists"])
def test_a_column_that_is_absent_or_of_another_type_is_told(
    name: str, change: str, make_run: MakeRun, make_table: Callable[..., Any], tmp_path: Path
) -> None:
    """One after the other, each of both files; what has the right type by chance is read."""
    telemetry = pa.table(
        {"t_s": [1.0], "source": ["generator"], "name": ["users"], "value": [2.0]}, schema=TELEMETRY_SCHEMA
    )
    tables = {"samples": make_table(20), "telemetry": telemetry}
    (tmp_path / "run.json").write_text(json.dumps(make_run(20).facts.to_json()))
    table = tables.pop(name)
    for other, content in tables.items():
        pq.write_table(content, tmp_path / f"{other}.parquet")
    strange = {"texts": "1", "numbers": 7, "nulls": None, "lists": [1]}
    for place, column in enumerate(table.column_names):
        changed = table.drop_columns([column])
        if change != "absent":
            values = pa.array([strange[change]] * len(table))
            changed = table.set_column(place, column, values)
        pq.write_table(changed, tmp_path / f"{name}.parquet")
        if change in ("absent", "lists", "nulls") or expects_another(table.schema.field(column), change):
            with pytest.raises(FolderError, match="can't be read: ") as refused:
                read_run(tmp_path)
            assert column in str(refused.value)
        else:
            judge_run(read_run(tmp_path))


def expects_another(field: pa.Field, change: str) -> bool:
    """Whether a column of these values has another type than the field."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    return not (pa.types.is_string(kind) if change == "texts" else pa.types.is_integer(kind))
