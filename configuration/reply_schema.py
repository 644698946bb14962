"""The JSON schema of what replies must hold."""

from __future__ import annotations

from configuration.reply_fields import VALUE_TYPES
from configuration.schema_parts import (
    ANYTHING,
    NUMBER,
    RATE,
    TEXT,
    TRUTH,
    SchemaPart,
    make_choice,
    make_closed,
    make_either,
    make_named,
    refer,
    say,
)


def build_reply_definitions() -> dict[str, SchemaPart]:
    """The definitions of replies and their fields, by their names."""
    return {"reply": _build_reply(), "replyField": _build_reply_field()}


def _build_reply() -> SchemaPart:
    keys = {
        "finite": say("The field that holds a finite number in each prediction: the quickest check.", TEXT),
        "items": say("The path to the list with one item for each record sent, or `none`.", TEXT),
        "fields": say(
            "What must be in the reply, or in each item, by path.", make_named(refer("replyField"))
        ),
        "schema": say(
            "A JSON schema of the reply, in a file or in place.", make_either(TEXT, {"type": "object"})
        ),
        "schema_rate": say("Replies held to the schema in each process; default 1000/s.", RATE),
    }
    return make_either(make_closed(keys) | {"minProperties": 1}, {"type": "null"})


def _build_reply_field() -> SchemaPart:
    optional = {"optional": say("Whether nothing needs to be there.", TRUTH)}
    limits = {"min": say("The least.", NUMBER), "max": say("The greatest.", NUMBER)}
    return make_either(
        make_choice(VALUE_TYPES),
        make_closed({"type": say("A value of this type.", make_choice(VALUE_TYPES))} | optional, "type"),
        make_closed(limits | optional, "min"),
        make_closed(limits | optional, "max"),
        make_closed(
            {"one_of": say("One of some values.", {"type": "array", "minItems": 1})} | optional, "one_of"
        ),
        make_closed(
            {"matches": say("A text that a regular expression matches.", TEXT)} | optional, "matches"
        ),
        make_closed({"is": say("This very value.", ANYTHING)} | optional, "is"),
        make_closed({"equals": say("What was sent: a text with `{name}`.", TEXT)} | optional, "equals"),
    )
