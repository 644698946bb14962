"""Finding and reading a scenario's file, and the messages about a file that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from configuration.errors import ConfigurationError
from configuration.loading import list_scenario_names, load_scenario
from configuration.payload import RecordFile
from configuration.segments import MOST_STEPS
from configuration.yaml_loader import MOST_BYTES

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


def test_a_file_too_large_to_be_a_scenario_is_not_read_to_its_end(folder: Path) -> None:
    """/dev/zero has no end."""
    (folder / "large.yaml").write_bytes(b"#" * (MOST_BYTES + 1))
    (folder / "zero.yaml").symlink_to("/dev/zero")
    for file in (folder / "large.yaml", folder / "zero.yaml"):
        assert read_message(str(file), folder) == f"{file} can't be read: it holds more than 1,000,000 bytes"


@pytest.mark.extended
def test_ten_thousand_stages_of_the_same_level_are_named(folder: Path) -> None:
    levels = ", ".join(["1"] * MOST_STEPS)
    text = LEAST.replace("{constant: 1, for: 1s}", f"{{steps: [{levels}], each: 1m}}")
    (folder / "long.yaml").write_text(text, encoding="utf-8")
    assert load_scenario("long", folder).stages[-1].name == "1 user (10000)"
    (folder / "long.yaml").write_text(text.replace("[1,", "[1, 1,"), encoding="utf-8")
    assert "got a list of 10001, expected at most 10,000 levels: each is a stage" in read_message(
        "long", folder
    )


def test_a_schema_file_may_be_no_bomb(folder: Path) -> None:
    """What a scenario refers to has limits of its own, and is told beside the place that names it."""
    bomb = ["a0: &a0 x", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]
    (folder / "bomb.yaml").write_text("\n".join(bomb), encoding="utf-8")
    (folder / "deep.json").write_text('{"a":' * 100_000, encoding="utf-8")
    for name, why in (
        ("bomb.yaml", "this holds more than 1,000,000 values"),
        ("deep.json", "nested too deeply"),
    ):
        own = LEAST + f"traffic: {{endpoints: [{{name: own, path: /own, payload: {{schema: {name}}}}}]}}"
        (folder / "own.yaml").write_text(own, encoding="utf-8")
        assert why in read_message("own", folder)
