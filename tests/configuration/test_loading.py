"""Finding and reading a scenario's file; whatever is in it, no other error than ours comes out."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.document import parse_yaml
from configuration.errors import ConfigurationError, Problems
from configuration.loading import load_scenario, read_scenario, scenario_names

LEAST = """
description: The least there can be.
load: {users: [{constant: 1, for: 1s}]}
objectives: [error rate <= 0 %]
"""


def told(name_or_path: str, folder: Path) -> str:
    """The message for it."""
    with pytest.raises(ConfigurationError) as error:
        load_scenario(name_or_path, folder)
    return str(error.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("staged", "steady"):
        (tmp_path / f"{name}.yaml").write_text(LEAST, encoding="utf-8")
    return tmp_path


def test_names_are_those_of_the_files(folder: Path) -> None:
    (folder / "notes.txt").write_text("no scenario", encoding="utf-8")
    assert scenario_names(folder) == ["staged", "steady"]


def test_a_scenario_is_found_by_name_and_by_path(folder: Path) -> None:
    assert load_scenario("staged", folder) == load_scenario(str(folder / "staged.yaml"), folder)


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    (folder / "marked.yaml").write_text(LEAST, encoding="utf-8-sig")
    assert load_scenario("marked", folder).name == "marked"


def test_an_unknown_name_is_told_with_the_nearest_and_all_there_are(folder: Path) -> None:
    assert told("stagd", folder) == (
        "there is no scenario 'stagd'; there are staged, steady; did you mean 'staged'? "
        "(a file of your own ends in .yaml)"
    )


def test_a_missing_file_is_told_by_its_path(folder: Path) -> None:
    missing = folder / "missing.yaml"
    assert told(str(missing), folder) == f"{missing} can't be read: No such file or directory"


def test_a_folder_is_no_scenario(folder: Path) -> None:
    (folder / "inside.yaml").mkdir()
    assert told(str(folder / "inside.yaml"), folder).endswith("can't be read: Is a directory")


def test_a_file_that_is_no_text_is_told_by_its_first_bad_byte(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes("description: é".encode("latin-1"))
    assert told("latin", folder) == f"{folder / 'latin.yaml'} can't be read: byte 13 is not UTF-8 text"


def test_a_file_is_named_as_seen_from_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(folder)
    assert told("empty", folder).startswith("empty.yaml has 1 problem:")


def test_a_control_character_is_told_and_not_a_traceback(folder: Path) -> None:
    (folder / "control.yaml").write_text("description: \x07", encoding="utf-8")
    assert "this is no YAML" in told("control", folder)


def test_nesting_without_end_is_told_and_not_a_traceback(folder: Path) -> None:
    (folder / "deep.yaml").write_text("[" * 5_000, encoding="utf-8")
    assert "nested too deeply" in told("deep", folder)


def test_payload_files_are_sought_beside_the_scenario(folder: Path) -> None:
    (folder / "bodies.jsonl").write_text("{}\n", encoding="utf-8")
    own = LEAST + "traffic: {endpoints: [{name: own, path: /own, payload: {file: bodies.jsonl}}]}"
    (folder / "own.yaml").write_text(own, encoding="utf-8")
    endpoint = load_scenario("own", folder).traffic.endpoints[0]
    assert endpoint.payload.file == folder / "bodies.jsonl"
    assert endpoint.finite is None, "what another model replies is not known here"


WORDS = """
    description load users rate warm_up constant ramp steps each for wave mean amplitude period spike base
    peak rise hold fall stage spacing in_flight_limit traffic user timeout endpoints name path method weight
    payload kinds rows file reply finite seeds payloads expected objectives confidence abort after unless
"""
KEYS = st.sampled_from(re.findall(r"\w+", WORDS))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 10**7),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["manual", "30s", "5/s", "paced", "endless", "/x", "error rate <= 0 %", "p99 latency"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
SEGMENT_KEYS = ("constant", "ramp", "steps", "each", "for", "wave", "spike", "stage")
SEGMENT = st.fixed_dictionaries({}, optional=dict.fromkeys(SEGMENT_KEYS, VALUES))
SEGMENTS = st.lists(SEGMENT, min_size=1, max_size=3)


@given(
    st.fixed_dictionaries(
        {"description": VALUES, "load": VALUES | st.fixed_dictionaries({"users": SEGMENTS})},
        optional={
            "objectives": VALUES,
            "traffic": VALUES,
            "seeds": VALUES,
            "expected": VALUES,
            "abort": VALUES,
        },
    )
)
def test_whatever_the_values_it_is_a_scenario_or_a_configuration_error(values: Any) -> None:
    try:
        scenario = read_scenario(values, Path("test.yaml"))
    except ConfigurationError:
        return
    assert read_scenario(scenario.resolved(), Path("test.yaml")) == scenario


@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"#%@`?, \n\t0"), max_size=40))
def test_whatever_the_text_it_is_yaml_or_problems(content: str) -> None:
    with suppress(Problems):
        parse_yaml(content)
