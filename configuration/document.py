"""A YAML document whose values know where they stand, read with all its problems gathered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from configuration.errors import MISSING, Path, Problem, Problems, misfit, shown_key, unknown_key

T = TypeVar("T")
D = TypeVar("D")
Read = Callable[["Node"], T]
"""Makes a value of a node, or raises `Problems`."""


@dataclass(frozen=True)
class Node:
    """A value of a document, the path to it, and the lines on which paths begin."""

    value: Any
    path: Path = ()
    lines: Mapping[Path, int] = field(default_factory=dict)

    def child(self, step: str | int) -> Node:
        """The value under a key or an index; `MISSING` if there is none under the key."""
        value = self.value.get(step, MISSING) if isinstance(self.value, Mapping) else self.value[step]
        return Node(value, (*self.path, step), self.lines)

    def misfit(self, expected: str) -> Problems:
        """The value is not what was expected."""
        return self.wrong(misfit(self.value, expected))

    def wrong(self, message: str) -> Problems:
        """Something is wrong with the value, in a sentence."""
        above = (self.path[:length] for length in range(len(self.path), -1, -1))
        line = next((self.lines[path] for path in above if path in self.lines), None)
        return Problems(Problem(self.path, message, line))

    def lacks(self, known: Sequence[str], expected: str) -> Problems:
        """No key says what the mapping is to be; perhaps an unknown one was meant to."""
        unknown = [key for key in self.value if key not in known]
        return self.unknown(unknown[0], known) if unknown else self.wrong(f"incomplete, expected {expected}")

    def unknown(self, key: Any, known: Sequence[str]) -> Problems:
        """A key that means nothing here."""
        name = shown_key(key)
        return Node(None, (*self.path, name), self.lines).wrong(unknown_key(name, known))

    def keys(self, expected: str) -> Keys:
        """The value as a mapping whose keys are taken one by one."""
        if not isinstance(self.value, Mapping):
            raise self.misfit(expected)
        return Keys(self)

    def items(self, read: Read[T], expected: str) -> list[T]:
        """The value as a list with at least one item, each made by `read`."""
        if not isinstance(self.value, list) or not self.value:
            raise self.misfit(expected)
        problems: list[Problem] = []
        made: list[T] = []
        for index in range(len(self.value)):
            try:
                made.append(read(self.child(index)))
            except Problems as found:
                problems.extend(found.problems)
        if problems:
            raise Problems(*problems)
        return made


class Keys:
    """A mapping being read: `take` each known key inside a `with` block.

    Problems are gathered until the block ends; it then raises all of them, and one for each key that nobody
    asked for. Until then a key that could not be read yields a placeholder: build nothing of it inside.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._known: list[str] = []
        self._unread: set[str] = set()
        self._problems: list[Problem] = []

    def could_read(self, *keys: str) -> bool:
        """Whether none of these keys, all taken before, was wrong."""
        return self._unread.isdisjoint(keys)

    def __contains__(self, key: str) -> bool:
        return key in self._node.value

    def take(self, key: str, read: Read[T]) -> T:
        """What `read` makes of a key that has to be there."""
        self._known.append(key)
        try:
            return read(self._node.child(key))
        except Problems as found:
            self._problems.extend(found.problems)
            self._unread.add(key)
            return cast(T, None)

    def take_or(self, key: str, read: Read[T], default: D) -> T | D:
        """What `read` makes of a key, `default` if it isn't there."""
        if key in self:
            return self.take(key, read)
        self._known.append(key)
        return default

    def refuse(self, key: str, reason: str) -> None:
        """A key that is known, and means nothing in this place."""
        if key in self:
            self._problems.extend(self._node.child(key).wrong(reason).problems)
            self._known.append(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            return
        for key in self._node.value:
            if key not in self._known:
                self._problems.extend(self._node.unknown(key, self._known).problems)
        if self._problems:
            raise Problems(*self._problems)
