"""Every message about a configuration: what is wrong, where, what was expected, which name is nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

KeyPath = tuple[str | int, ...]
"""The path to a value in a document: `("load", "users", 0, "for")` is `load.users[0].for`."""

MISSING: Final = object()
"""Stands for a value that is not there."""

LONGEST_SHOWN: Final = 60
LONGEST_DECIMAL_BITS: Final = 14_000
"""Python refuses to write longer whole numbers in decimal digits."""


class ConfigurationError(Exception):
    """What is wrong with a configuration, in words for the person who wrote it."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, and what."""

    path: KeyPath
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line is not None else []
        place += [format_path(self.path)] if self.path else []
        return f"{', '.join(place)}: {self.message}" if place else self.message


class Problems(Exception):  # noqa: N818 (it is a bundle of them)
    """All that is wrong with one part of a document, to be gathered with the rest."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def combine_problems(source: str, problems: Sequence[Problem]) -> ConfigurationError:
    """One error with all problems of a file, in the order of its lines."""
    inner = sorted(problems, key=lambda problem: problem.line or 0)
    count = "1 problem" if len(inner) == 1 else f"{len(inner)} problems"
    return ConfigurationError("\n  ".join([f"{source} has {count}:", *map(str, inner)]))


def describe_mismatch(value: Any, expected: str) -> str:
    """The message about a value that is not what was expected, or that is missing."""
    return f"{'missing' if value is MISSING else f'got {format_value(value)}'}, expected {expected}"


def describe_unknown_key(key: str, known: Iterable[str]) -> str:
    """The message about a key that has no meaning here."""
    names = list(known)
    return f"unknown key; known here: {', '.join(names)}{suggest_name(key, names)}"


def describe_repeated_key(line: int) -> str:
    """The message about a key that is there twice, of which YAML would silently keep the last."""
    return f"this key is there already, on line {line}; keep one of them"


def describe_unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """The message about a name that is none of the known ones."""
    names = list(known)
    return f"there is no {kind} {format_value(name)}; there are {', '.join(names)}{suggest_name(name, names)}"


def suggest_name(word: str, known: Iterable[str]) -> str:
    """The nearest of the known names as a question, empty if none is near."""
    nearest = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {format_value(nearest[0])}?" if nearest else ""


def format_value(value: Any) -> str:
    """A value as its author would recognise it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    is_too_long = isinstance(value, int) and value.bit_length() > LONGEST_DECIMAL_BITS
    text = hex(value) if is_too_long else str(value)
    short = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return repr(short) if isinstance(value, str) else short


def format_key(key: Any) -> str:
    """A key, which in YAML may be of any kind, as a step of a path."""
    return key if isinstance(key, str) and key.isprintable() and key else format_value(key)


def format_path(path: KeyPath) -> str:
    """A path as text: `load.users[0].for`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
