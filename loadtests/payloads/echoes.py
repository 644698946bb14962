"""Fills in what a reply must repeat: fields of the records that its request carries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from configuration.endpoint import Endpoint
from configuration.json_path import parse_json_path
from configuration.reply import WHOLE_REPLY
from configuration.reply_fields import EchoRule
from loadtests.answers.content import Echo, Echoes
from loadtests.payloads.bodies import encode_json
from loadtests.payloads.templates import MissingValueError, fill_template


def fill_echoes(
    endpoint: Endpoint, kind: str, records: Sequence[Any], named: Mapping[str, Any]
) -> list[Echoes]:
    """What each item of the reply must repeat; `named` are values that the request has besides its records.

    ValueError for a field that a record doesn't have. A record of kind `invalid` may lack it.
    """
    items = records[:1] if endpoint.reply.items == WHOLE_REPLY else records
    return [tuple(_fill(endpoint, kind, _name_values(record, records, named))) for record in items or ({},)]


def _name_values(record: Any, records: Sequence[Any], named: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = record if isinstance(record, Mapping) else {}
    return {**fields, **named, "record": record, "records": list(records)}


def _fill(endpoint: Endpoint, kind: str, values: Mapping[str, Any]) -> Iterator[Echo]:
    for path, expected in endpoint.reply.fields.items():
        if isinstance(expected.rule, EchoRule):
            try:
                sent = fill_template(expected.rule.template, values)
            except MissingValueError as error:
                if expected.optional or kind == "invalid":
                    continue
                raise ValueError(
                    f"the endpoint {endpoint.name!r}, reply.fields.{path}: {error}; "
                    "if only some records have it, add `optional: true`"
                ) from None
            yield Echo(parse_json_path(path), json.loads(encode_json(sent)), expected.optional)
