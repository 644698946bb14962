"""A YAML document whose values know where they stand, read with all its problems gathered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import yaml

from configuration.errors import MISSING, Path, Problem, Problems, key_twice, misfit, shown, unknown_key

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
        name = key if isinstance(key, str) else shown(key)
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
        self._problems: list[Problem] = []

    @property
    def sound(self) -> bool:
        """Whether every key taken so far could be read."""
        return not self._problems

    def __contains__(self, key: str) -> bool:
        return key in self._node.value

    def take(self, key: str, read: Read[T]) -> T:
        """What `read` makes of a key that has to be there."""
        self._known.append(key)
        try:
            return read(self._node.child(key))
        except Problems as found:
            self._problems.extend(found.problems)
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


def parse_yaml(content: str) -> tuple[Node, tuple[Problem, ...]]:
    """The document in `content`, and what is wrong with it though it could be read: keys that stand twice.

    Raises `Problems` where it is no YAML.
    """
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        if root is not None:
            _survey(root, (), (), lines, problems)
        value = yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        raise Problems(Problem((), f"this is no YAML: {message}", mark.line + 1 if mark else None)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Problems(Problem((), f"this is no YAML: {' '.join(str(error).split())}")) from None
    except RecursionError:
        raise Problems(Problem((), "this is nested too deeply to be read")) from None
    return Node(value, (), lines), tuple(problems)


def _survey(
    node: yaml.Node, path: Path, above: tuple[yaml.Node, ...], lines: dict[Path, int], problems: list[Problem]
) -> None:
    """Note the line of each path, and each key that stands twice."""
    if node in above:
        raise Problems(Problem(path, "this value contains itself", node.start_mark.line + 1))
    above = (*above, node)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[*path, index] = item.start_mark.line + 1
            _survey(item, (*path, index), above, lines, problems)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in first:
                problems.append(Problem((*path, name), key_twice(first[name]), line))
            first.setdefault(name, line)
            lines[*path, name] = line
            _survey(value, (*path, name), above, lines, problems)
