"""The glossary names each term once, in order, and files that exist."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
GROUPS = {
    title: [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in body.splitlines()
        if line.startswith("| ") and not line.startswith("| term ")
    ]
    for title, body in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
}
ROWS = [row for rows in GROUPS.values() for row in rows]


def test_each_row_has_a_term_and_its_meaning() -> None:
    assert ROWS
    for row in ROWS:
        assert len(row) == 4, row
        assert row[0], row
        assert row[1].endswith("."), row


@pytest.mark.parametrize("group", GROUPS)
def test_terms_are_in_alphabetical_order(group: str) -> None:
    terms = [row[0].casefold() for row in GROUPS[group]]
    assert terms == sorted(terms)


def test_each_term_is_explained_once() -> None:
    counts = Counter(term.strip().casefold() for row in ROWS for term in row[0].split(","))
    assert [term for term, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_term_is_computed_in_exists(row: list[str]) -> None:
    paths = re.findall(r"`([^`]+)`", row[2])
    assert ", ".join(f"`{path}`" for path in paths) == row[2], "nothing but paths, with commas between"
    assert [path for path in paths if not (ROOT / path).is_file()] == []
