"""Each message that docs/troubleshooting.md quotes is one that the project's code can print."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPEAKING = ("loadtests", "configuration", "reports", "service")
SKIPPING = ROOT / "tests" / "conftest.py"
PLAIN = (ROOT / "Makefile", ROOT / "deploy" / "stack")
"""Whose messages are found between quotes, with `$(NAME)`, `$name` or `%d` for what varies."""
LEAST = 15
"""Characters of a message that don't vary, at least; less than that could be said of anything."""


def messages() -> list[str]:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return [
        line
        for block in re.findall(r"^```text\n(.*?)^```$", text, re.M | re.S)
        for line in block.splitlines()
    ]


@cache
def patterns() -> tuple[re.Pattern[str], ...]:
    """What the code can print: its texts, with anything where a value is put in."""
    telling = (fixed for fixed in (*python_texts(), *plain_texts()) if sum(map(len, fixed)) >= LEAST)
    return tuple(re.compile(".*".join(re.escape(part.strip("\n")) for part in fixed)) for fixed in telling)


def python_texts() -> Iterator[list[str]]:
    """The fixed parts of each text in the source."""
    modules = [path for package in SPEAKING for path in sorted((ROOT / package).rglob("*.py"))]
    for path in (*modules, SKIPPING):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield [part.value for part in node.values if isinstance(part, ast.Constant)]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield [node.value]


def plain_texts() -> Iterator[list[str]]:
    for path in PLAIN:
        for quoted in re.findall(r'"([^"\n]*)"', path.read_text(encoding="utf-8")):
            yield re.split(r"\$\(\w+\)|\$\{?\w+\}?|%d", quoted)


def test_there_are_messages() -> None:
    assert len(messages()) > 10


@pytest.mark.parametrize("message", messages())
def test_the_message_is_one_the_code_can_print(message: str) -> Any:
    assert any(pattern.search(message) for pattern in patterns()), "nothing in the code says so"
