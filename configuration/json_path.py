"""Paths in a JSON value: `outputs[0].data[3]`, `[0].label`, `explain['total.sum']`, `items[*].score`.

`$` is the value itself, as in JSONPath (RFC 9535), and may stand before any path: `$.outputs`, `$[0]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

ALL: Final = "*"
"""The step that stands for each item of a list."""
ABSENT: Final = object()
"""Stands for a value that is not there."""
JsonPath: TypeAlias = tuple[str | int, ...]
_STEP: Final = re.compile(
    r"""\.?(?P<name>[^.\[\]'"\s]+)|\[(?P<index>\d+|\*)\]|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]"""
)
_ROOT: Final = "$"


@lru_cache(maxsize=1024)
def parse_json_path(text: str) -> JsonPath:
    """The steps of a path: names, indices, and `ALL` for each item; ValueError for no path."""
    steps: list[str | int] = []
    if text == _ROOT:
        return ()
    place = first = len(_ROOT) if text.startswith((f"{_ROOT}.", f"{_ROOT}[")) else 0
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None or (first == place == 0 and text.startswith(".")):
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
    for place, found in find_places(value, path):
        if found is ABSENT:
            raise LookupError(f"there is nothing at {write_json_path(place)}")
        yield found


def find_value(value: Any, path: Sequence[str | int]) -> Any:
    """The value at a path, the first if there are several; LookupError where there is none."""
    try:
        return next(find_values(value, path))
    except StopIteration:
        raise LookupError("an empty list") from None


def find_places(
    value: Any, path: Sequence[str | int], place: JsonPath = ()
) -> Iterator[tuple[JsonPath, Any]]:
    """Each value at a path, `ABSENT` where there is none, and its own path: with indices instead of `ALL`."""
    for index, step in enumerate(path):
        if step == ALL and isinstance(value, list):
            for number, item in enumerate(value):
                yield from find_places(item, path[index + 1 :], (*place, number))
            return
        place = (*place, step)
        value = take_step(value, step)
        if value is ABSENT:
            break
    yield place, value


def take_step(value: Any, step: str | int) -> Any:
    """What is one step further; `ABSENT` if there is nothing."""
    if isinstance(value, dict):
        return value.get(step if isinstance(step, str) else str(step), ABSENT)
    if isinstance(step, int) and isinstance(value, list) and step < len(value):
        return value[step]
    return ABSENT


@lru_cache(maxsize=1024)
def build_finder(path: JsonPath) -> Callable[[Any], Any]:
    """A function from a value to the only one at a path without `ALL`, or to `ABSENT`.

    It does what `find_places` does, in a third of the time.
    """
    if len(path) == 1 and isinstance(path[0], str):
        name = path[0]
        return lambda value: value.get(name, ABSENT) if isinstance(value, dict) else ABSENT

    def find(value: Any) -> Any:
        for step in path:
            value = take_step(value, step)
            if value is ABSENT:
                return ABSENT
        return value

    return find


def write_json_path(path: Sequence[str | int]) -> str:
    """The path as text, which `parse_json_path` reads back."""
    text = ""
    for step in path:
        if isinstance(step, int) or step == ALL:
            text += f"[{step}]"
        elif _NAME.fullmatch(step) and step != _ROOT:
            text += f".{step}" if text else step
        else:
            quote = '"' if "'" in step else "'"
            text += f"[{quote}{step}{quote}]"
    return text or _ROOT


_NAME: Final = re.compile(r"""[^.\[\]'"\s]+""")
