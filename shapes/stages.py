"""The stages of a profile: its parts, named for their level unless they have another name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

LevelFormatter = Callable[[float], str]


class ProfileStage(NamedTuple):
    """A part of a profile with a name, `start_s` <= t < `end_s`."""

    name: str
    start_s: float
    end_s: float


def format_level(level: float) -> str:
    """A level as a bare number: `3`, `2.5`."""
    return f"{level:.6g}"


def number_repeated_names(stages: Iterable[ProfileStage]) -> tuple[ProfileStage, ...]:
    """The stages, a name that comes again with its number: `1 user`, `2 users`, `1 user (2)`."""
    used: set[str] = set()
    counts: dict[str, int] = {}
    numbered = []
    for name, start_s, end_s in stages:
        unique, count = name, counts.get(name, 1)
        while unique in used:
            count += 1
            unique = f"{name} ({count})"
        used.add(unique)
        counts[name] = count
        numbered.append(ProfileStage(unique, start_s, end_s))
    return tuple(numbered)
