"""Compares the files of two runs by the digests of their content, whatever the files are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from reports.data.facts import Facts

_SECTIONS: Final = ("load", "traffic")
_SHOWN: Final = 12
"""Digits of a digest that are told."""


def mask_files(one: Facts, other: Facts) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The traffic of both runs without the paths of files whose content is compared instead.

    Unchanged if a run of an older version tells nothing of its files: only their paths can be compared then.
    """
    traffic = one.resolved.get("traffic", {}), other.resolved.get("traffic", {})
    if bool(one.contents) != bool(other.contents):
        return traffic
    return _mask(traffic[0], one.contents), _mask(traffic[1], other.contents)


def find_other_contents(one: Facts, other: Facts) -> Iterator[tuple[str, str]]:
    """The section of each file that has another content in the other run, and a sentence on it.

    Files are paired by their place in the scenario. Where these places differ, the traffic does, and files of
    the same name are paired.
    """
    for section in _SECTIONS:
        stated = [(facts, facts.resolved.get(section, {})) for facts in (one, other)]
        paths = [list(_list_files(values, facts.contents)) for facts, values in stated]
        pairs: Iterable[tuple[str, str]] = zip(paths[0], paths[1], strict=False)
        if section == "traffic" and _mask(stated[0][1], one.contents) != _mask(stated[1][1], other.contents):
            pairs = _pair_by_name(paths[0], paths[1])
        for before, after in dict.fromkeys(pairs):
            digests = one.contents[before], other.contents[after]
            if digests[0] != digests[1]:
                yield section, _describe(before, after, digests)


def _pair_by_name(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Files of the same name; several of one name in their order."""
    for name in dict.fromkeys(PurePath(path).name for path in before):
        one, other = (
            dict.fromkeys(path for path in paths if PurePath(path).name == name) for paths in (before, after)
        )
        yield from zip(one, other, strict=False)


def _describe(before: str, after: str, digests: tuple[str, str]) -> str:
    names = [PurePath(path).name for path in (before, after)]
    told = " and ".join(each.partition(":")[2][:_SHOWN] for each in digests)
    if names[0] == names[1]:
        return f"{names[0]} has another content (SHA-256 {told})"
    return f"{names[0]} and {names[1]} have different contents (SHA-256 {told})"


def _mask(values: Any, contents: Mapping[str, str]) -> Any:
    if isinstance(values, Mapping):
        return {name: _mask(each, contents) for name, each in values.items()}
    if isinstance(values, list | tuple):
        return [_mask(each, contents) for each in values]
    return "…" if isinstance(values, str) and values in contents else values


def _list_files(values: Any, contents: Mapping[str, str]) -> Iterator[str]:
    """The paths among the values that have a digest, in the order in which they are stated."""
    if isinstance(values, Mapping):
        for name in sorted(values):
            yield from _list_files(values[name], contents)
    elif isinstance(values, list | tuple):
        for each in values:
            yield from _list_files(each, contents)
    elif isinstance(values, str) and values in contents:
        yield values
