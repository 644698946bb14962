"""Digests of what payloads and arrivals come from: of the content, not of the name; parts of large ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from configuration.loading import load_scenario
from loadtests.recording import content_digests
from loadtests.recording.content_digests import digest_contents, digest_file

ORDERS = '{"id": 1}\n{"id": 2}\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """`write(payload)`: a scenario with this payload, beside orders.jsonl and a folder of images."""
    (tmp_path / "orders.jsonl").write_text(ORDERS)
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "images" / name).write_bytes(name.encode())

    def make(payload: str) -> Path:
        path = tmp_path / "of.yaml"
        path.write_text(
            "description: x\n"
            "load: {users: [{constant: 1, for: 1s}]}\n"
            f"traffic: {{endpoints: [{{name: x, path: /, method: POST, payload: {payload}}}]}}\n"
            "objectives: [error rate <= 1 %]\n"
        )
        return path

    return make


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ("{file: orders.jsonl, order: sampled}", "orders.jsonl"),
        ("{raw: images}", "images"),
        ("{fields: {n: {uniform: [1, 9]}}, encoding: multipart, files: {image: images}}", "images"),
    ],
)
def test_each_file_and_folder_of_a_payload_has_a_digest(
    write: Callable[[str], Path], payload: str, name: str
) -> None:
    path = write(payload)
    found = digest_contents(load_scenario(str(path)))
    assert list(found) == [str(path.parent / name)]
    assert found == digest_contents(load_scenario(str(path))), "the same again"


def test_a_payload_without_files_has_none(write: Callable[[str], Path]) -> None:
    assert digest_contents(load_scenario(str(write("{fields: {n: {uniform: [1, 9]}}}")))) == {}


def test_recorded_arrivals_have_a_digest(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"at": 0}\n{"at": 1}\n{"at": 3}\n')
    scenario = tmp_path / "replay.yaml"
    scenario.write_text(
        "description: x\nload: {replay: {file: log.jsonl, time: at}}\nobjectives: [error rate <= 1 %]\n"
    )
    assert list(digest_contents(load_scenario(str(scenario)))) == [str(tmp_path / "log.jsonl")]


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text(ORDERS)
    other.write_text(ORDERS)
    assert digest_file(one) == digest_file(other) == f"sha256:{hashlib.sha256(ORDERS.encode()).hexdigest()}"
    other.write_text(ORDERS.replace("2", "3"))
    os.utime(other, ns=(0, 0))
    assert digest_file(one) != digest_file(other)


def test_the_names_in_a_folder_are_part_of_it(write: Callable[[str], Path]) -> None:
    """They are sent in multipart bodies, and their endings decide the content type."""
    path = write("{raw: images}")
    before = digest_contents(load_scenario(str(path)))
    (path.parent / "images/b.png").rename(path.parent / "images/b.jpg")
    assert digest_contents(load_scenario(str(path))) != before


def test_of_a_large_file_parts_are_read_from_its_beginning_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four parts of 4 bytes in a file of 40: a change of the first, the last, or the size is seen."""
    for name, value in (("WHOLE_BYTES", 16), ("PARTS", 4), ("PART_BYTES", 4)):
        monkeypatch.setattr(content_digests, name, value)
    content = bytes(range(40))
    changed = [b"x" + content[1:], content[:-1] + b"x", content + b"x", content[:13] + b"x" + content[14:]]
    digests = []
    for place, each in enumerate([content, *changed]):
        file = tmp_path / str(place)
        file.write_bytes(each)
        digests.append(digest_file(file))
    assert len(set(digests)) == 5
    assert all(each.startswith("sha256-parts:") for each in digests)


def test_what_can_not_be_read_any_more_has_no_digest(write: Callable[[str], Path]) -> None:
    path = write("{file: orders.jsonl}")
    scenario = load_scenario(str(path))
    (path.parent / "orders.jsonl").unlink()
    assert digest_contents(scenario) == {}
