"""What is committed holds on any machine: no index, no absolute path, nothing that was made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INDEXES = (
    "py" + "pi.org",
    "pythonhosted" + ".org",
    "--extra-index" + "-url",
    "--index-url" + " ",
    "npm" + "js.",
)
HOMES = re.compile(r"(?<![\w.:])/(?:home|root|Users|work)/\w|(?<!\w)[A-Z]:\\\\")


def texts(committed: list[Path]) -> dict[str, str]:
    """What the files hold, by path; of pictures, whatever in them reads as text."""
    return {str(path): (ROOT / path).read_text(encoding="utf-8", errors="replace") for path in committed}


@pytest.mark.parametrize("index", INDEXES)
def test_no_file_names_a_package_index(committed: list[Path], index: str) -> None:
    """Whichever index or mirror a machine is set up with serves."""
    assert [path for path, text in texts(committed).items() if index in text] == []


def test_no_file_names_a_place_on_somebodys_machine(committed: list[Path]) -> None:
    found = {path: HOMES.findall(text) for path, text in texts(committed).items()}
    assert {path: places for path, places in found.items() if places} == {}


def test_every_pin_carries_its_hash() -> None:
    files = [*ROOT.glob("requirements*.txt"), *ROOT.glob("benchmarks/requirements.txt")]
    files += ROOT.glob("benchmarks/service/peers/*.txt")
    assert len(files) >= 7
    for path in files:
        pins = re.split(r"\n(?=\S)", path.read_text().rstrip())
        bare = [pin.splitlines()[0] for pin in pins if "==" in pin and "--hash=sha256:" not in pin]
        assert bare == [], path


def test_the_changelog_has_room_for_what_is_new() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## Unreleased\n\n### Added\n- ", text, re.MULTILINE)
