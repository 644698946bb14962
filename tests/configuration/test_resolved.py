"""Any scenario reads back equal from its resolved form, which is what run.json and the workers get."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.loading import restore_scenario


def write_level(level: float, unit: str) -> int | str:
    return int(level) if unit == "users" else f"{level}/s" if unit == "rate" else f"{level}x"


lengths_s = st.floats(0.001, 1e6)
weights = st.floats(0.001, 1000)


@st.composite
def segments(draw: st.DrawFn, unit: str) -> dict[str, Any]:
    """A segment that is possible: waves stay above zero, spikes rise and have the time for it."""
    low, between, high = sorted(draw(st.lists(st.floats(1, 100), min_size=3, max_size=3, unique_by=int)))
    times_s = draw(st.lists(lengths_s, min_size=3, max_size=3))
    kind: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"constant": between},
                {"ramp": [high, low]},
                {"steps": [low, high, between]},
                {"wave": {"mean": high, "amplitude": low}},
                {"spike": {"base": low, "peak": high}},
            ]
        )
    )
    written = json.loads(json.dumps(kind), parse_float=lambda text: write_level(float(text), unit))
    if "wave" in written:
        written["wave"]["period"] = f"{times_s[0]}s"
    if "spike" in written:
        rise_s, hold_s, fall_s = times_s
        written["spike"] |= {"rise": f"{rise_s}s", "hold": f"{hold_s}s", "fall": f"{fall_s}s"}
    length = f"{sum(times_s) * 1.01}s"
    return written | ({"each": length} if "steps" in written else {"for": length})


@st.composite
def loads(draw: st.DrawFn) -> dict[str, Any]:
    """A load of either model, perhaps calibrated, perhaps with a warm-up."""
    unit = draw(st.sampled_from(["users", "rate", "multiple"]))
    parts = draw(st.lists(segments(unit), min_size=1, max_size=3))
    named = [part | {"stage": f"part {index}"} for index, part in enumerate(parts)]
    load: dict[str, Any] = {"users" if unit == "users" else "rate": named}
    if unit == "multiple":
        load["calibrate"] = {"users": draw(st.integers(1, 10_000)), "for": f"{draw(lengths_s)}s"}
    if unit != "users":
        load["spacing"] = draw(st.sampled_from(["constant", "poisson"]))
        load["in_flight_limit"] = draw(st.integers(1, 1_000_000))
    if draw(st.booleans()):
        load["warm_up"] = draw(st.lists(segments(unit), min_size=1, max_size=2))
    return load


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
field_rules = st.one_of(
    st.sampled_from(["number", "text", "true or false", "list", "mapping"]),
    st.fixed_dictionaries({"min": st.floats(-10, 0)}, optional={"max": st.floats(0, 10)}),
    st.fixed_dictionaries({"max": st.integers()}, optional={"optional": st.booleans()}),
    st.fixed_dictionaries(
        {"one_of": st.lists(json_values, min_size=1)}, optional={"optional": st.booleans()}
    ),
    st.fixed_dictionaries({"is": json_values}),
    st.just({"matches": "[a-z]+", "optional": True}),
    st.just({"equals": "{id}-{record.b[0]}"}),
)
replies = st.fixed_dictionaries(
    {
        "fields": st.dictionaries(
            st.sampled_from(["a", "b.c[0]", "$", "d[*]", "['e f']"]), field_rules, min_size=1
        )
    },
    optional={
        "finite": st.just("score"),
        "items": st.sampled_from(["none", "$", "outputs[0].data"]),
    },
) | st.fixed_dictionaries(
    {"schema": st.just({"type": "object"})},
    optional={"schema_rate": st.floats(0.001, 1e6).map(lambda rate: f"{rate}/s")},
)

endpoints = st.fixed_dictionaries(
    {"name": st.text(string.ascii_letters, min_size=1), "path": st.just("/path")},
    optional={
        "method": st.sampled_from(["POST", "PUT", "PATCH"]),
        "weight": weights,
        "payload": st.one_of(
            st.fixed_dictionaries(
                {}, optional={"rows": st.integers(1, 100), "kinds": st.just({"invalid": 2})}
            ),
            st.fixed_dictionaries({"file": st.just("bodies.jsonl")}, optional={"rows": st.integers(1, 100)}),
        ),
        "reply": st.none() | st.just({"finite": "score"}) | replies,
    },
)
traffics = st.fixed_dictionaries(
    {},
    optional={
        "timeout": lengths_s.map(lambda seconds: f"{seconds}s"),
        "endpoints": st.lists(endpoints, min_size=1, max_size=3, unique_by=lambda each: each["name"]),
    },
)
mixes = st.sampled_from(["normal", "eager"]) | st.dictionaries(
    st.sampled_from(["paced", "normal", "stress"]), weights, min_size=1
)
sentences = st.lists(
    st.sampled_from(["p99 latency <= 0.1 s during part 0", "error rate <= 0.1 %", "status 503 <= 10"]),
    min_size=1,
    unique=True,
)
shares = st.floats(0, 1, exclude_min=True)
limits = st.fixed_dictionaries(
    {},
    optional={
        "lateness": lengths_s.map(lambda seconds: f"{seconds}s"),
        "lag": lengths_s.map(lambda seconds: f"{seconds}s"),
        "busy": shares,
        "starved": shares,
        "others": weights,
    },
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario's file beside the bodies that endpoints name."""
    folder = tmp_path_factory.mktemp("resolved")
    (folder / "bodies.jsonl").write_text("{}\n", encoding="utf-8")
    return folder / "any.yaml"


@given(
    load=loads(),
    traffic=traffics,
    mix=mixes,
    sections=st.fixed_dictionaries(
        {"objectives": sentences},
        optional={
            "seeds": st.dictionaries(st.sampled_from(["payloads", "pacing"]), st.integers(0, 999_999_999)),
            "expected": st.lists(st.sampled_from(["shed", "timeout"]), unique=True),
            "confidence": st.floats(0.5, 1, exclude_max=True),
            "generator": limits,
            "abort": st.just("never")
            | st.fixed_dictionaries({"unless": sentences}, optional={"after": st.just("5s")}),
        },
    ),
)
def test_any_scenario_reads_back_equal_from_its_resolved_form(
    file: Path, load: Any, traffic: Any, mix: Any, sections: Any
) -> None:
    traffic = traffic | {"user": mix} if "users" in load else traffic
    values = {"description": "Any.", "load": load, "traffic": traffic, **sections}
    scenario = restore_scenario(values, file)
    resolved = scenario.resolve()
    assert restore_scenario(json.loads(json.dumps(resolved)), file) == scenario
    assert restore_scenario(resolved, file).resolve() == resolved
