"""Turns parsed JSON into values of stated types; what doesn't fit is told with its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

MOST: Final = 1e15
"""Greater numbers are no times, counts or shares of a run; infinity stands for what has no end."""
WORDS: Final = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    NoneType: "null",
    tuple: "a list",
    Mapping: "an object",
}
SHOWN: Final = 40
"""How many characters of a wrong value are told."""


def read_value(kind: Any, value: object, place: str = "") -> Any:
    """`value` as `kind`: a basic type, a dataclass, a tuple, a mapping of texts, a union or a literal.

    Lists become tuples. Unknown keys of a dataclass are ignored. ValueError, which begins with the `place`,
    for whatever does not fit.
    """
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin is UnionType:
        return _read_union(get_args(kind), value, place)
    if origin is Literal:
        if value not in get_args(kind):
            raise _refuse(value, place, " or ".join(map(repr, get_args(kind))))
        return value
    if origin is tuple:
        return _read_list(get_args(kind), value, place)
    if origin is not None:
        if not isinstance(value, dict):
            raise _refuse(value, place, WORDS[Mapping])
        return {key: read_value(get_args(kind)[1], each, _join(place, key)) for key, each in value.items()}
    return read_record(kind, value, place) if is_dataclass(kind) else _read_plain(kind, value, place)


def read_record(kind: Any, value: object, place: str = "") -> Any:
    """The dataclass `kind` from an object that holds its fields, as `read_value` does."""
    if not isinstance(value, dict):
        raise _refuse(value, place, WORDS[Mapping])
    hints = get_type_hints(kind)
    known = {}
    for field in fields(kind):
        inner = _join(place, field.name)
        if field.name in value:
            known[field.name] = read_value(hints[field.name], value[field.name], inner)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{inner} is missing")
    return kind(**known)


def _read_union(kinds: tuple[Any, ...], value: object, place: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    others = [kind for kind in kinds if kind is not NoneType]
    for kind in others[:-1]:
        try:
            return read_value(kind, value, place)
        except ValueError:
            continue
    return read_value(others[-1], value, place)


def _read_list(kinds: tuple[Any, ...], value: object, place: str) -> tuple[Any, ...]:
    """Of one type and any length, or of one type for each of its places."""
    if not isinstance(value, list | tuple):
        raise _refuse(value, place, WORDS[tuple])
    if kinds[-1] is not Ellipsis and len(value) != len(kinds):
        raise _refuse(value, place, f"a list of {len(kinds)}")
    each = [kinds[0]] * len(value) if kinds[-1] is Ellipsis else kinds
    return tuple(
        read_value(kind, one, f"{place}[{index}]")
        for index, (kind, one) in enumerate(zip(each, value, strict=True))
    )


def _read_plain(kind: type, value: object, place: str) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = is_number if kind is float else isinstance(value, kind) and (kind is bool or value is not True)
    if kind is int:
        fits = is_number and isinstance(value, int)
    if not fits:
        raise _refuse(value, place, WORDS[kind])
    if is_number and (value != value or MOST < abs(value) < math.inf):  # type: ignore[arg-type]
        raise _refuse(value, place, f"{WORDS[kind]} within {MOST:g}")
    return float(value) if kind is float else value  # type: ignore[arg-type]


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _refuse(value: object, place: str, expected: str) -> ValueError:
    told = f"{value:.3g}" if isinstance(value, float) else repr(value) if not isinstance(value, int) else ""
    if isinstance(value, int):
        told = str(value) if isinstance(value, bool) or abs(value) < 10**SHOWN else "a number of many digits"
    shown = told if len(told) <= SHOWN else f"{told[:SHOWN]} …"
    return ValueError(f"{place or 'it'} is {shown}, expected {expected}")
