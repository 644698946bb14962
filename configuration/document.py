"""A document whose values know their path and line, read so that all its problems are gathered.

Sections are read key by key by a `MappingReader`. pydantic was tried instead and measured, with the sections
as dataclasses that it validates: 1,722 lines instead of 1,586 (762 statements instead of 804), because
messages with units, close matches and refused keys need wrappers around its errors; and 155 ms of processor
time instead of 27 ms to read a scenario in a fresh process, of which importing pydantic and making one model
of three fields takes 95 ms. Every process of a run reads a scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from configuration.errors import (
    MISSING,
    KeyPath,
    Problem,
    Problems,
    describe_mismatch,
    describe_unknown_key,
    format_key,
)

T = TypeVar("T")
D = TypeVar("D")
Reader = Callable[["Node"], T]
"""Makes a value of a node, or raises `Problems`."""


@dataclass(frozen=True)
class Node:
    """A value of a document, the path to it, and the lines on which paths begin."""

    value: Any
    path: KeyPath = ()
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def get_child(self, step: Any) -> Node:
        """The value under a key or an index; `MISSING` if there is none under the key."""
        if isinstance(self.value, Mapping):
            return Node(self.value.get(step, MISSING), (*self.path, format_key(step)), self.lines)
        return Node(self.value[step], (*self.path, step), self.lines)

    def report_mismatch(self, expected: str) -> Problems:
        """The error for a value that is not what was expected."""
        return self.report_problem(describe_mismatch(self.value, expected))

    def report_problem(self, message: str) -> Problems:
        """The error for a value that is wrong, in a sentence."""
        around = (self.path[:length] for length in range(len(self.path), -1, -1))
        line = next((self.lines[path] for path in around if path in self.lines), None)
        return Problems(Problem(self.path, message, line))

    def report_incomplete(self, known: Sequence[str], expected: str) -> Problems:
        """The error for a mapping that lacks the key for its kind: the first unknown key, if there is one."""
        unknown = [key for key in self.value if key not in known]
        if unknown:
            return self.report_unknown_key(unknown[0], known)
        return self.report_problem(f"incomplete, expected {expected}")

    def report_unknown_key(self, key: Any, known: Sequence[str]) -> Problems:
        """The error for a key that has no meaning here."""
        return self.get_child(key).report_problem(describe_unknown_key(format_key(key), known))

    def read_mapping(self, expected: str) -> MappingReader:
        """The value as a mapping whose keys are read one by one."""
        if not isinstance(self.value, Mapping):
            raise self.report_mismatch(expected)
        return MappingReader(self)

    def read_items(self, read: Reader[T], expected: str) -> list[T]:
        """What `read` makes of each item of the value, a list with at least one item."""
        if not isinstance(self.value, list) or not self.value:
            raise self.report_mismatch(expected)
        return read_all(map(self.get_child, range(len(self.value))), read)


def read_all(nodes: Iterable[Node], read: Reader[T]) -> list[T]:
    """What `read` makes of each node; raises the problems of all."""
    problems: list[Problem] = []
    made: list[T] = []
    for node in nodes:
        try:
            made.append(read(node))
        except Problems as found:
            problems.extend(found.problems)
    if problems:
        raise Problems(*problems)
    return made


class MappingReader:
    """A mapping whose known keys are read one by one inside a `with` block.

    Problems are gathered until the block ends; it then raises all of them, and one for each key that was not
    read. Until then a key with a problem yields a placeholder: make nothing of it inside the block.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._known: list[str] = []
        self._unread: set[str] = set()
        self._refused: set[str] = set()
        self._problems: list[Problem] = []

    def could_read(self, *keys: str) -> bool:
        """Whether none of these keys, all read before, had a problem."""
        return self._unread.isdisjoint(keys)

    def __contains__(self, key: str) -> bool:
        return key in self._node.value

    def read(self, key: str, read: Reader[T]) -> T:
        """What `read` makes of a key that has to be there."""
        self._known.append(key)
        try:
            return read(self._node.get_child(key))
        except Problems as found:
            self._problems.extend(found.problems)
            self._unread.add(key)
            return cast(T, None)

    def read_or(self, key: str, read: Reader[T], default: D) -> T | D:
        """What `read` makes of a key, `default` if it isn't there."""
        if key in self:
            return self.read(key, read)
        self._known.append(key)
        return default

    def refuse(self, key: str, reason: str) -> None:
        """Refuse a key that has a meaning elsewhere, but not in this place."""
        if key in self:
            self._problems.extend(self._node.get_child(key).report_problem(reason).problems)
            self._refused.add(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            return
        for key in self._node.value:
            if key not in self._known and key not in self._refused:
                self._problems.extend(self._node.report_unknown_key(key, self._known).problems)
        if self._problems:
            raise Problems(*self._problems)
