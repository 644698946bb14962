"""Paths in a JSON value: `outputs[0].data[3]`, `[0].label`, `explain['total.sum']`, `items[*].score`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

ALL: Final = "*"
"""The step that stands for each item of a list."""
JsonPath: TypeAlias = tuple[str | int, ...]
_STEP: Final = re.compile(
    r"""\.?(?P<name>[^.\[\]'"\s]+)|\[(?P<index>\d+|\*)\]|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]"""
)


@lru_cache(maxsize=1024)
def parse_json_path(text: str) -> JsonPath:
    """The steps of a path: names, indices, and `ALL` for each item; ValueError for no path."""
    steps: list[str | int] = []
    place = 0
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None or (place == 0 and text.startswith(".")):
            raise ValueError(f"{text!r} is no path in JSON such as outputs[0].data[0] or items[*].score")
        index = found["index"]
        steps.append(
            found["quoted"]
            if found["quote"]
            else found["name"]
            if index is None
            else ALL
            if index == ALL
            else int(index)
        )
        place = found.end()
    if not steps:
        raise ValueError("an empty path leads nowhere; give one such as outputs[0].data[0]")
    return tuple(steps)


def find_values(value: Any, path: Sequence[str | int]) -> Iterator[Any]:
    """The values at a path, several if it holds `ALL`; LookupError where there is nothing."""
    if not path:
        yield value
        return
    step, rest = path[0], path[1:]
    if step == ALL and isinstance(value, list):
        for item in value:
            yield from find_values(item, rest)
    elif isinstance(step, int) and isinstance(value, list):
        yield from find_values(value[step], rest)
    elif isinstance(value, dict):
        yield from find_values(value[str(step)], rest)
    else:
        raise LookupError(f"there is no {step!r} in {value!r}")


def find_value(value: Any, path: Sequence[str | int]) -> Any:
    """The value at a path, the first if there are several; LookupError where there is none."""
    try:
        return next(find_values(value, path))
    except StopIteration:
        raise LookupError("an empty list") from None
