"""Finding and reading a scenario's file, and the messages about a file that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from configuration.errors import ConfigurationError
from configuration.loading import list_scenario_names, load_scenario
from configuration.payload import RecordFile

LEAST = """
description: The least there can be.
load: {users: [{constant: 1, for: 1s}]}
objectives: [error rate <= 0 %]
"""


def read_message(name_or_path: str, folder: Path) -> str:
    """The message of the error for a scenario."""
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


def test_an_unknown_name_is_reported_with_the_nearest_and_all_there_are(folder: Path) -> None:
    assert read_message("stagd", folder) == (
        "there is no scenario 'stagd'; there are staged, steady; did you mean 'staged'? "
        "(a file of your own ends in .yaml)"
    )


def test_a_missing_file_is_reported_by_its_path(folder: Path) -> None:
    missing = folder / "missing.yaml"
    assert read_message(str(missing), folder) == f"{missing} can't be read: No such file or directory"


def test_a_folder_is_no_scenario(folder: Path) -> None:
    (folder / "inside.yaml").mkdir()
    assert read_message(str(folder / "inside.yaml"), folder).endswith("can't be read: Is a directory")


def test_a_file_that_is_no_text_is_reported_by_its_first_bad_byte(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes("description: é".encode("latin-1"))
    assert (
        read_message("latin", folder) == f"{folder / 'latin.yaml'} can't be read: byte 13 is not UTF-8 text"
    )


def test_a_file_is_named_as_seen_from_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(folder)
    assert read_message("empty", folder).startswith("empty.yaml has 1 problem:")


def test_a_control_character_is_reported_and_not_a_traceback(folder: Path) -> None:
    (folder / "control.yaml").write_text("description: \x07", encoding="utf-8")
    assert "this is no YAML" in read_message("control", folder)


def test_nesting_without_end_is_reported_and_not_a_traceback(folder: Path) -> None:
    (folder / "deep.yaml").write_text("[" * 5_000, encoding="utf-8")
    assert "nested too deeply" in read_message("deep", folder)


def test_payload_files_are_sought_beside_the_scenario(folder: Path) -> None:
    (folder / "bodies.jsonl").write_text("{}\n", encoding="utf-8")
    own = LEAST + "traffic: {endpoints: [{name: own, path: /own, payload: {file: bodies.jsonl}}]}"
    (folder / "own.yaml").write_text(own, encoding="utf-8")
    endpoint = load_scenario("own", folder).traffic.endpoints[0]
    assert endpoint.payload.source == RecordFile(folder / "bodies.jsonl")
    assert endpoint.reply.finite is None, "what another model replies is not known here"
