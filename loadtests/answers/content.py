"""Checks what is in the JSON of a reply: items, fields, a schema, and what it repeats of the request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol

from configuration.json_path import (
    ABSENT,
    ALL,
    JsonPath,
    build_finder,
    find_places,
    parse_json_path,
    write_json_path,
)
from configuration.reply import WHOLE_REPLY, ReplyExpectation
from configuration.reply_fields import FieldExpectation, TypeRule
from loadtests.answers.field_tests import (
    FieldCheck,
    build_field_check,
    equal_json,
    is_number,
)
from loadtests.answers.json_body import UNREADABLE, explain_unreadable, read_body, show_value
from loadtests.answers.schema_check import SchemaCheck
from loadtests.client.reply import Reply

MOST_EXPLAINED: Final = 3


class Echo(NamedTuple):
    """What a reply, or one item of it, must repeat at a path; an `optional` field may be absent or null."""

    path: JsonPath
    sent: Any
    optional: bool = False

    def differs_in(self, item: Any) -> bool:
        """Whether an item repeats something else; what is absent is for a `FieldCheck` to find."""
        if ALL in self.path:
            return any(self.differs_from(value) for _, value in find_places(item, self.path))
        return self.differs_from(build_finder(self.path)(item))

    def differs_from(self, value: Any) -> bool:
        """Whether a value at the path is something else."""
        if value is ABSENT or (value is None and self.optional):
            return False
        return not equal_json(value, self.sent)


Echoes = Sequence[Echo]
"""What one item must repeat."""


class EchoCounter:
    """Counts the replies of an endpoint that repeated something of their request, right or wrong."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.repeating = 0


class BodyCheck(Protocol):
    """What looks into the body of a reply whose status is right."""

    def classify(self, reply: Reply) -> str:
        """'ok', 'invalid_reply', or 'wrong_answer' if it repeats something else than what was sent."""

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there."""


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """What must be in a reply, or in each of its items."""

    fields: tuple[FieldCheck, ...] = ()
    items: JsonPath | None = None
    """The path to the list with one item for each record sent; None if the reply itself is the only item."""
    count: int = 1
    """The records that were sent."""
    schema: SchemaCheck | None = None
    echoes: tuple[Echoes, ...] = ()
    """Those of each item."""
    counter: EchoCounter | None = None
    """Given where all echoes are optional, so that a reply may lack them."""

    def classify(self, reply: Reply) -> str:
        """'ok', 'invalid_reply', or 'wrong_answer' if it repeats something else than what was sent."""
        try:
            value = read_body(reply)
        except UNREADABLE:
            return "invalid_reply"
        items = self._list_items(value)
        if not isinstance(items, list) or len(items) != self.count:
            return "invalid_reply"
        for field in self.fields:
            holds = field.holds
            for item in items:
                if not holds(item):
                    return "invalid_reply"
        if self.schema is not None and not self.schema.accepts(value):
            return "invalid_reply"
        if self.counter is not None and self._repeats(items):
            self.counter.repeating += 1
        for item, echoes in zip(items, self.echoes, strict=False):
            for echo in echoes:
                if echo.differs_in(item):
                    return "wrong_answer"
        return "ok"

    def _repeats(self, items: Sequence[Any]) -> bool:
        """Whether something that the reply may repeat is there."""
        return any(
            value is not ABSENT and value is not None
            for item, echoes in zip(items, self.echoes, strict=False)
            for echo in echoes
            for _, value in find_places(item, echo.path)
        )

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there, empty if nothing is wrong; asks the schema always."""
        try:
            value = read_body(reply)
        except UNREADABLE:
            return explain_unreadable(reply)
        items = self._list_items(value)
        if not isinstance(items, list) or len(items) != self.count:
            return self._explain_items(items)
        wrong = list(self._explain_fields(items)) or list(self._explain_schema(value))
        wrong += self._explain_echoes(items)
        more = [f"and {len(wrong) - MOST_EXPLAINED} more faults"] if len(wrong) > MOST_EXPLAINED else []
        return "; ".join([*wrong[:MOST_EXPLAINED], *more])

    def _list_items(self, value: Any) -> Any:
        """The list of items, or what is in its place."""
        return [value] if self.items is None else next(find_places(value, self.items))[1]

    def _explain_items(self, items: Any) -> str:
        where = write_json_path(self.items or ())
        expected = f"{where}: expected a list with one item for each record sent ({self.count:,})"
        if items is ABSENT:
            return f"{expected}, nothing is there"
        return f"{expected}, got {f'{len(items):,}' if isinstance(items, list) else show_value(items)}"

    def _explain_fields(self, items: Sequence[Any]) -> Iterator[str]:
        for number, item in enumerate(items):
            for field in self.fields:
                wrong = field.explain(item, self._locate(number))
                if wrong is not None:
                    yield wrong

    def _explain_schema(self, value: Any) -> Iterator[str]:
        wrong = None if self.schema is None else self.schema.explain(value)
        if wrong is not None:
            yield f"schema: {wrong}"

    def _explain_echoes(self, items: Sequence[Any]) -> Iterator[str]:
        for number, (item, echoes) in enumerate(zip(items, self.echoes, strict=False)):
            for echo in echoes:
                for place, value in find_places(item, echo.path):
                    if echo.differs_from(value):
                        where = write_json_path((*self._locate(number), *place))
                        sent = show_value(echo.sent)
                        yield f"{where}: expected {sent}, as was sent, got {show_value(value)}"

    def _locate(self, number: int) -> JsonPath:
        return () if self.items is None else (*self.items, number)


@dataclass(frozen=True, slots=True)
class FiniteCheck:
    """Whether a body is one prediction, or a list of `rows`, each with a finite number under `name`.

    It does what a `ContentCheck` with this field does, in two thirds of the time.
    """

    name: str
    rows: int | None
    content: ContentCheck

    def classify(self, reply: Reply) -> str:
        """'ok' or 'invalid_reply'."""
        try:
            value = read_body(reply)
        except UNREADABLE:
            return "invalid_reply"
        name = self.name
        if self.rows is None:
            return "ok" if isinstance(value, dict) and is_number(value.get(name)) else "invalid_reply"
        if not isinstance(value, list) or len(value) != self.rows:
            return "invalid_reply"
        for item in value:
            if not isinstance(item, dict) or not is_number(item.get(name)):
                return "invalid_reply"
        return "ok"

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there."""
        return self.content.explain(reply)


def build_body_check(
    expectation: ReplyExpectation, rows: int | None, schema: SchemaCheck | None = None
) -> BodyCheck | None:
    """The check of replies to requests with so many `rows`, None for a single record."""
    if expectation == ReplyExpectation():
        return None
    fields = [build_field_check(parse_json_path(path), each) for path, each in expectation.fields.items()]
    if expectation.finite is not None:
        fields.insert(0, build_field_check((expectation.finite,), FieldExpectation(TypeRule("number"))))
    stated, items = expectation.items, None
    if stated is not None and stated != WHOLE_REPLY:
        items = parse_json_path(stated)
    elif rows is not None and fields and stated is None:
        items = ()
    count = 1 if items is None else rows or 1
    content = ContentCheck(tuple(fields), items, count, schema)
    if expectation.finite is not None and expectation.is_fast:
        return FiniteCheck(expectation.finite, rows, content)
    return content


def add_echoes(check: BodyCheck, echoes: Sequence[Echoes], counter: EchoCounter | None = None) -> BodyCheck:
    """The check that also compares what each item repeats, in the order of the records that were sent."""
    if not isinstance(check, ContentCheck):
        return check
    return replace(check, echoes=tuple(echoes), counter=counter)
