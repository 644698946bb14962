"""Reads YAML with the line on which each value begins; finds keys that are there twice, and refuses too much.

An alias stands for all values below its anchor, so ten lines can hold a billion values. They are counted as
they are read, an alias with all that it stands for, before any of them is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from configuration.document import Node
from configuration.errors import KeyPath, Problem, Problems, describe_repeated_key, format_key, format_value

MOST_BYTES: Final = 1_000_000
"""As large may a scenario be: about twenty thousand lines."""
MOST_VALUES: Final = 50_000
"""As many values may a scenario hold, keys included."""

_TEXT_KEYS = tuple(f"tag:yaml.org,2002:{name}" for name in ("str", "merge", "value"))
_NO_SUCH_TIME = ": there is no such date or time; if it is meant as text, put it in quotes"


def parse_yaml(content: str) -> tuple[Node, tuple[Problem, ...]]:
    """The document in `content`, and a problem for each key that is there twice.

    Raises `Problems` where the content is no YAML.
    """
    try:
        loader = _Loader(content)
        root = loader.get_single_node()
        if root is not None:
            loader.record_lines(root)
        value = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        raise _report_no_yaml(message, mark.line + 1 if mark else None) from None
    except ReaderError as error:
        line = content.count("\n", 0, error.position) + 1
        raise _report_no_yaml(" ".join(str(error).split()), line) from None
    except RecursionError:
        raise Problems(Problem((), "this is nested too deeply to be read")) from None
    return Node(value, (), loader.lines), tuple(loader.problems)


def parse_plain_yaml(content: str, most_values: int) -> Any:
    """The plain values in `content`; ValueError says why there are none."""
    try:
        return _BoundedLoader(content, most_values).get_single_data()
    except Problems as found:
        raise ValueError("; ".join(map(str, found.problems))) from None
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None


def read_bounded(file: Path, most_bytes: int) -> bytes:
    """The content of a file; ValueError if it holds more bytes than that. No more are read."""
    with file.open("rb") as opened:
        content = opened.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"it holds more than {most_bytes:,} bytes")
    return content


def _report_no_yaml(message: str, line: int | None) -> Problems:
    return Problems(Problem((), f"this is no YAML: {message}", line))


class _BoundedLoader(yaml.SafeLoader):
    """A loader that raises `Problems` as soon as the content holds more than so many values.

    It names a value that it can't read, and its line.
    """

    def __init__(self, content: str, most_values: int) -> None:
        super().__init__(content)
        self._most_values = most_values
        self._values = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node; an alias counts as many values as its anchor."""
        before, line = self._values, self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        if node is not None:
            self._values = before + self._sizes[node] if node in self._sizes else self._values + 1
            self._sizes.setdefault(node, self._values - before)
            if self._values > self._most_values:
                told = (
                    f"this holds more than {self._most_values:,} values, those that aliases repeat included"
                )
                raise Problems(Problem((), told, line))
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node; where its text doesn't fit its tag, PyYAML raises whatever it met."""
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            tag = node.tag.rpartition(":")[2]
            advice = _NO_SUCH_TIME if tag == "timestamp" and isinstance(error, ValueError) else ""
            message = f"{format_value(node.value)} is no {tag}{advice}"
            raise ConstructorError(None, None, message, node.start_mark) from None


class _Loader(_BoundedLoader):
    """A loader that records the line of each path."""

    def __init__(self, content: str) -> None:
        super().__init__(content, MOST_VALUES)
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []

    def record_lines(self, node: yaml.Node, path: KeyPath = (), around: tuple[yaml.Node, ...] = ()) -> None:
        """Record the line of each path below a node, and a problem for each key that is there twice."""
        if node in around:
            raise Problems(Problem(path, "this value contains itself", node.start_mark.line + 1))
        around = (*around, node)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[*path, index] = item.start_mark.line + 1
                self.record_lines(item, (*path, index), around)
        elif isinstance(node, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in node.value:
                name, line = self._format_key(key), key.start_mark.line + 1
                if name in first:
                    self.problems.append(Problem((*path, name), describe_repeated_key(first[name]), line))
                first.setdefault(name, line)
                self.lines[*path, name] = line
                self.record_lines(value, (*path, name), around)

    def _format_key(self, key: yaml.Node) -> str:
        """A key as in messages, which may not be the text it is written with: `yes` is true."""
        return format_key(key.value if key.tag in _TEXT_KEYS else self.construct_object(key, deep=True))
