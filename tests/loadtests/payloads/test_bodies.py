"""Records become bodies: JSON, lists, templates, forms, files; and placeholders are filled."""

from __future__ import annotations

import json
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from configuration.document import Node
from configuration.fields import NumberField, read_fields
from configuration.payload import FieldRecords, Payload, RawFiles
from loadtests.payloads.bodies import Body, BodyMaker
from loadtests.payloads.templates import MissingValueError, fill_environment, fill_path, fill_template


def payload(more: dict[str, Any] | None = None, **fields: Any) -> Payload:
    source = FieldRecords(read_fields(Node(fields or {"a": {"sequence": 1}, "b": {"constant": True}})))
    return Payload(source=source, **(more or {}))


def take(made: Payload | None, count: int = 3, kind: str = "realistic") -> list[Body]:
    maker = BodyMaker(made, seed=1)
    return [maker.make(kind) for _ in range(count)]


def test_a_record_is_sent_as_json_and_its_fields_fill_paths() -> None:
    first = take(payload())[0]
    assert (first.content, first.content_type, first.rows) == (b'{"a":1,"b":true}', "application/json", None)
    assert first.values == {"a": 1, "b": True}
    assert first.origin == "record 1"


def test_rows_are_lists_of_a_fixed_or_drawn_length() -> None:
    fixed = take(payload({"rows": 2}))
    assert [json.loads(body.content) for body in fixed][1] == [{"a": 3, "b": True}, {"a": 4, "b": True}]
    assert {body.rows for body in fixed} == {2}
    drawn = take(payload({"rows": NumberField("uniform", 1, 4, whole=True)}), 50)
    assert {body.rows for body in drawn} == {1, 2, 3, 4}
    assert all(len(json.loads(body.content)) == body.rows for body in drawn)


def test_a_template_is_the_body_around_a_record() -> None:
    template = {"inputs": [{"name": "x-{a}", "data": ["{a}", "{b}"]}], "all": "{records}", "one": "{record}"}
    (body,) = take(payload({"template": template}), 1)
    assert json.loads(body.content) == {
        "inputs": [{"name": "x-1", "data": [1, True]}],
        "all": [{"a": 1, "b": True}],
        "one": {"a": 1, "b": True},
    }


def test_a_form_and_a_multipart_form_hold_the_fields(tmp_path: Path) -> None:
    (form,) = take(payload({"encoding": "form"}, a={"constant": "x y&z"}, b={"constant": [1, 2]}), 1)
    assert parse_qs(form.content.decode()) == {"a": ["x y&z"], "b": ["1", "2"]}
    assert form.content_type == "application/x-www-form-urlencoded"
    (tmp_path / "one.png").write_bytes(b"\x89PNG")
    (multipart,) = take(payload({"encoding": "multipart", "files": {"image": tmp_path}}), 1)
    head = f"Content-Type: {multipart.content_type}\r\n\r\n".encode()
    parts = message_from_bytes(head + multipart.content).get_payload()
    assert [part.get_payload(decode=True) for part in parts] == [b"1", b"true", b"\x89PNG"]
    assert parts[2].get_filename() == "one.png"
    assert parts[2].get_content_type() == "image/png"


def test_files_of_a_folder_are_bodies_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x00\x01")
    (tmp_path / "b.unknown").write_bytes(b"\xff")
    bodies = take(Payload(source=RawFiles(tmp_path)))
    assert [body.content for body in bodies] == [b"\x00\x01", b"\xff", b"\x00\x01"]
    assert [body.content_type for body in bodies[:2]] == ["image/png", "application/octet-stream"]
    assert bodies[0].origin == "a.png"


def test_no_payload_is_no_body() -> None:
    assert take(None, 1) == [Body()]


def test_what_a_form_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="a form can't hold the mapping in the field 'a'"):
        take(payload({"encoding": "form"}, a={"fields": {"b": {"constant": 1}}}), 1)


def test_placeholders_in_paths_are_encoded_and_missing_ones_told() -> None:
    assert fill_path("/a/{x}?q={y}", {"x": "ü/ b", "y": None}) == "/a/%C3%BC%2F%20b?q="
    with pytest.raises(MissingValueError, match=r"there is no value for \{z\}; there are: x"):
        fill_path("/{z}", {"x": 1})


def test_a_placeholder_alone_keeps_the_type_of_its_value() -> None:
    assert fill_template(["{x}", "{x} items", {"{x}": 1}], {"x": 3}) == [3, "3 items", {"3": 1}]


def test_environment_variables_are_read_and_never_shown() -> None:
    assert fill_environment("Bearer ${TOKEN}", {"TOKEN": "abc"}, "here") == "Bearer abc"
    with pytest.raises(ValueError, match="here needs the environment variable TOKEN, which is not set"):
        fill_environment("${TOKEN}", {}, "here")
    with pytest.raises(ValueError, match="holds what a header can't") as error:
        fill_environment("${TOKEN}", {"TOKEN": "s3cr3t\n"}, "here")
    assert "s3cr3t" not in str(error.value)
