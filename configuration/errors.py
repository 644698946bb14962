"""Every message about a configuration: what is wrong, where, what was expected, what was perhaps meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]
"""The way to a value in a document: `("load", "users", 0, "for")` is `load.users[0].for`."""

MISSING: Final = object()
"""Stands for a value that is not there."""

LONGEST_SHOWN: Final = 60
LONGEST_DECIMAL_BITS: Final = 14_000
"""Python refuses to write longer whole numbers in decimal digits: they would take long."""


class ConfigurationError(Exception):
    """What is wrong with a configuration, told to whoever wrote it."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, and what."""

    path: Path
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line is not None else []
        place += [path_text(self.path)] if self.path else []
        return f"{', '.join(place)}: {self.message}" if place else self.message


class Problems(Exception):  # noqa: N818 (it is a bundle of them)
    """All that is wrong with one part of a document, on its way to the whole."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def unusable(source: str, problems: Sequence[Problem]) -> ConfigurationError:
    """The error that tells all problems of one file, in the order of its lines."""
    inner = sorted(problems, key=lambda problem: problem.line or 0)
    count = "1 problem" if len(inner) == 1 else f"{len(inner)} problems"
    return ConfigurationError("\n  ".join([f"{source} has {count}:", *map(str, inner)]))


def misfit(value: Any, expected: str) -> str:
    """A value that is not what was expected, or that is missing."""
    return f"missing, expected {expected}" if value is MISSING else f"got {shown(value)}, expected {expected}"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """A key that means nothing here."""
    names = list(known)
    return f"unknown key; known here: {', '.join(names)}{meant(key, names)}"


def key_twice(line: int) -> str:
    """A key of which YAML would silently keep the last."""
    return f"this key stands twice, first on line {line}; keep one of them"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """A name that isn't one of those there are."""
    names = list(known)
    return f"there is no {kind} {shown(name)}; there are {', '.join(names)}{meant(name, names)}"


def meant(word: str, known: Iterable[str]) -> str:
    """The nearest of the known names as a question, empty if none is near."""
    nearest = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {shown(nearest[0])}?" if nearest else ""


def shown(value: Any) -> str:
    """A value as its author would recognise it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    endless = isinstance(value, int) and value.bit_length() > LONGEST_DECIMAL_BITS
    text = hex(value) if endless else str(value)
    short = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return repr(short) if isinstance(value, str) else short


def shown_key(key: Any) -> str:
    """A key, which in YAML may be of any kind, as a step of a path."""
    return key if isinstance(key, str) and key.isprintable() and key else shown(key)


def path_text(path: Path) -> str:
    """`load.users[0].for`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
