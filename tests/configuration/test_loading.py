"""Finding and reading a scenario's file; whatever is in it, no other error than ours comes out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.errors import ConfigurationError, Problems
from configuration.loading import list_scenario_names, load_scenario
from configuration.yaml_loader import parse_yaml

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
    assert list_scenario_names(folder) == ["staged", "steady"]


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


@given(
    st.lists(st.sampled_from([*"ab:-[]{}&*!|>'\"#%@`?, \n\t0+.=", "!!int ", "!!bool ", "!!timestamp ", "<<"]))
)
def test_whatever_the_text_it_is_yaml_or_problems(content: list[str]) -> None:
    with suppress(Problems):
        parse_yaml("".join(content))


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a: 1\nb: \x07", 2, "unacceptable character #x0007"),
        ("a: 1\nb: !!timestamp x", 2, "'x' is no timestamp"),
        ("a: 1\n!!int _: 2", 2, "'_' is no int"),
        ("a: 2024-13-45", 1, "'2024-13-45' is no timestamp: month must be in 1..12"),
    ],
)
def test_what_yaml_can_not_read_is_told_with_its_line(content: str, line: int, message: str) -> None:
    with pytest.raises(Problems) as found:
        parse_yaml(content)
    (problem,) = found.value.problems
    assert problem.line == line
    assert problem.message.startswith(f"this is no YAML: {message}")
