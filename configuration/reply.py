"""What a reply must be, besides its status.

    reply:
      finite: charges                  # the number that each prediction must hold: the quickest check
      items: outputs                   # the list with one item for each record that was sent, in a reply to
                                       #   `rows`; default the reply itself. `none`: there is no such list
      fields:                          # what must be in the reply, or in each item: see reply_fields.py
        label: {one_of: [cat, dog]}
        "scores[*]": {min: 0, max: 1}  # `[*]` is each item of a list, of which there must be one
        id: {equals: "{id}"}           # another value is `wrong_answer`
      schema: reply.schema.json        # a JSON schema of the whole reply, in a file or in place
      schema_rate: 1000/s              # all replies are held to the schema up to so many a second in each
                                       #   generator process; above that, so many of them

A reply that is not so is `invalid_reply`. Only replies with a status that promises an answer are looked into:
`expect: {invalid: 422}` says what a refusal is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.files import read_json_document
from configuration.json_path import ALL, parse_json_path
from configuration.readers import parse_with_unit, read_text
from configuration.reply_fields import EchoRule, FieldExpectation, read_field_expectations
from configuration.units import RATE_EXPECTED, parse_rate, write_rate

SCHEMA_RATE: Final = 1000.0
WHOLE_REPLY: Final = "none"
"""For `items`: fields are looked for in the reply, however many records were sent."""
EXPECTED: Final = "a mapping with finite, fields, items or schema; or null for no check"


@dataclass(frozen=True)
class ReplyExpectation:
    """What a reply must be, besides its status."""

    finite: str | None = None
    """The number that each prediction in a reply must contain, if any."""
    fields: Mapping[str, FieldExpectation] = field(default_factory=dict)
    """What must be in the reply, or in each of its items, by path."""
    items: str | None = None
    """The path to the list with one item for each record sent; `WHOLE_REPLY` if there is none such. None for
    the reply itself where a list of records was sent."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema of the whole reply."""
    schema_rate: float = SCHEMA_RATE
    """Replies per second and generator process that are held to the schema."""

    @property
    def is_fast(self) -> bool:
        """Whether nothing but `finite` is looked for."""
        return not self.fields and self.items is None and self.schema is None

    @property
    def echoes(self) -> dict[str, str]:
        """By path, the templates of what a reply must repeat of what was sent."""
        return {
            path: each.rule.template for path, each in self.fields.items() if isinstance(each.rule, EchoRule)
        }

    def resolve(self) -> dict[str, Any] | None:
        """The plain values that read back as this."""
        fields = {path: each.resolve() for path, each in self.fields.items()}
        schema = None if self.schema is None else dict(self.schema)
        stated = {"finite": self.finite, "items": self.items, "fields": fields or None, "schema": schema}
        values = {name: value for name, value in stated.items() if value is not None}
        if self.schema_rate != SCHEMA_RATE:
            values["schema_rate"] = write_rate(self.schema_rate)
        return values or None


def read_reply(node: Node, folder: Path) -> ReplyExpectation:
    """The reply section of an endpoint; null checks nothing. A schema's file is looked for in `folder`."""
    if node.value is None:
        return ReplyExpectation()
    with node.read_mapping(EXPECTED) as keys:
        finite = keys.read_or("finite", _read_finite, None)
        items = keys.read_or("items", _read_items, None)
        fields = keys.read_or("fields", read_field_expectations, {})
        schema = keys.read_or("schema", partial(read_json_document, folder=folder), None)
        if "schema" in keys:
            rate = keys.read_or("schema_rate", _read_rate, SCHEMA_RATE)
        else:
            rate = SCHEMA_RATE
            keys.refuse("schema_rate", "this is how often a schema is looked at: add `schema`")
        if items == WHOLE_REPLY and not (fields or finite):
            keys.refuse("items", "nothing is looked for in the reply: add `fields`, or leave this out")
    if not node.value:
        raise node.report_mismatch(EXPECTED)
    return ReplyExpectation(finite, fields, items, schema, rate)


def _read_finite(node: Node) -> str:
    name = read_text(node)
    if name == "$" or "." in name or "[" in name:
        instead = f"fields: {{{_quote(name)}: number}}"
        raise node.report_problem(f"{name!r} is a path, and this takes the name of a field; write {instead}")
    return name


def _quote(path: str) -> str:
    """A path as a key of YAML in braces."""
    return f'"{path}"' if "[" in path else path


def _read_items(node: Node) -> str:
    path = read_text(node)
    try:
        steps = parse_json_path(path)
    except ValueError as error:
        raise node.report_problem(str(error)) from None
    if ALL in steps:
        raise node.report_problem(f"{path!r} leads to several values; this is the path to one list")
    return path


def _read_rate(node: Node) -> float:
    rate = parse_with_unit(node, parse_rate, RATE_EXPECTED)
    if not 0 < rate < math.inf:
        raise node.report_mismatch("a rate above zero, such as 300/s")
    return rate
