"""The code can print each message that docs/troubleshooting.md quotes, from the first word to the last."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[2]
SPEAKING = ("loadtests", "configuration", "capacity", "reports", "autoscaling", "service")
SKIPPING = ROOT / "tests" / "conftest.py"
PLAIN = (ROOT / "Makefile", ROOT / "deploy" / "stack")
"""Whose messages are found between quotes, with `$(NAME)`, `$name` or `%d` for what varies."""

JOINTS = ("", " ", ": ", "; ")
"""Separators of two texts that form one message, such as a problem and its remedy."""
LETTERS = 4
"""Fewest letters of the longest fixed part; a text with fewer only joins others."""
FIGURE = r"[\d.,]+ (%|more reason|\w+( were)?)"
VALUE = re.compile(
    rf"|\S+|{FIGURE}|[\w-]+(, [\w-]+)+|p\d+ latency was {FIGURE}, limit {FIGURE}| \(and {FIGURE}\)"
    r"|p\d+ drift|service memory growth"
)
"""Values in a text: nothing, a word, a number with a unit, names, an observed objective, a metric."""
ERRORS = {os.strerror(number) for number in range(1, 134)}
"""Messages of the operating system."""

Text: TypeAlias = tuple[str | None, ...]
"""The fixed parts of a text, with None for each value or other text between them."""


def messages() -> list[str]:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return [
        line
        for block in re.findall(r"^```text\n(.*?)^```$", text, re.M | re.S)
        for line in block.splitlines()
    ]


@cache
def texts() -> frozenset[Text]:
    """All texts that the code can print."""
    return frozenset(
        text
        for text in (*python_texts(), *plain_texts())
        if max(len(re.findall(r"[a-zA-Z]", part or "")) for part in (*text, "")) >= LETTERS
    )


def python_texts() -> Iterator[Text]:
    """The texts in the modules, without docstrings."""
    modules = [path for package in SPEAKING for path in sorted((ROOT / package).rglob("*.py"))]
    for path in (*modules, SKIPPING):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in (node for node in ast.walk(tree) if id(node) not in told):
            if isinstance(node, ast.JoinedStr):
                yield tuple(str(p.value) if isinstance(p, ast.Constant) else None for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield (node.value.strip("\n"),)


def plain_texts() -> Iterator[Text]:
    for path in PLAIN:
        for quoted in re.findall(r'"([^"\n]*)"', path.read_text(encoding="utf-8")):
            parts = re.split(r"(\$\(\w+\)|\$\{?\w+\}?|%d)", quoted)
            yield tuple(None if place % 2 else part for place, part in enumerate(parts))


class Message:
    """A message, and the texts whose fixed parts all occur in it."""

    def __init__(self, message: str) -> None:
        self.message = message
        self._near = [text for text in texts() if all(part in message for part in text if part)]
        self._known: dict[str, bool] = {}

    @property
    def can_be_told(self) -> bool:
        """Whether the message is a text filled with values or other texts, or a sequence of such texts."""
        return self._is_text(self.message)

    def _is_text(self, part: str) -> bool:
        if part not in self._known:
            self._known[part] = False
            self._known[part] = any(self._fills(text, part) for text in self._near) or self._are_two(part)
        return self._known[part]

    def _fills(self, text: Text, part: str) -> bool:
        """Whether the fixed parts follow each other, with valid values or texts between them."""
        if not text:
            return not part
        fixed, rest = text[0], text[1:]
        if fixed is not None:
            return part.startswith(fixed) and self._fills(rest, part.removeprefix(fixed))
        if not rest:
            return self._can_be_put_in(part)
        ends = (end for end in range(len(part) + 1) if rest[0] is None or part.startswith(rest[0], end))
        return any(self._fills(rest, part[end:]) and self._can_be_put_in(part[:end]) for end in ends)

    def _are_two(self, part: str) -> bool:
        """Whether the part ends with a text that has a fixed beginning, after something that can be told."""
        heads = {text[0] for text in self._near if text[0]}
        places = {found.start() for head in heads for found in re.finditer(re.escape(head), part)} - {0}
        joined = [(place, joint) for place in places for joint in JOINTS if part[:place].endswith(joint)]
        return any(
            self._can_be_put_in(part[:place].removesuffix(joint)) and self._is_text(part[place:])
            for place, joint in joined
        )

    def _can_be_put_in(self, part: str) -> bool:
        return VALUE.fullmatch(part) is not None or part in ERRORS or self._is_text(part)


def test_there_are_messages() -> None:
    assert len(messages()) > 10


@pytest.mark.parametrize("message", messages())
def test_the_message_is_one_the_code_can_print(message: str) -> None:
    assert Message(message).can_be_told, "nothing in the code says so"


@pytest.mark.parametrize("message", messages())
def test_neither_less_nor_more_is_a_message(message: str) -> None:
    """Without its last word, or with more words after it or before it."""
    less = message.rpartition(" ")[0]
    for other in (less, f"{message} and more besides", f"One thing more is that {message}"):
        assert not Message(other).can_be_told, other


@pytest.mark.parametrize(
    "message",
    [
        "the service was not observed for 14 s, so its health is fine: run the load test again",
        "the service was not observed for 14 s, so its health is not known: run another load test",
        "the service was seldom observed for 14 s, so its health is not known: run the load test again",
        "port 8089 is taken on 127.0.0.1: end what listens there, or choose another: --port PORT",
        "There is no model file here and there: run `make train` to make it.",
    ],
)
def test_what_is_half_the_codes_and_half_made_up_is_found(message: str) -> None:
    assert not Message(message).can_be_told
