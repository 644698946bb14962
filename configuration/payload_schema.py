"""The JSON schema of payloads, and of the fields that records are made of."""

from __future__ import annotations

from typing import Final

from configuration.fields import LONGEST_LIST
from configuration.payload import PAYLOAD_KINDS
from configuration.schema_parts import (
    ANYTHING,
    NUMBER,
    TEXT,
    TRUTH,
    WEIGHT,
    SchemaPart,
    make_choice,
    make_closed,
    make_either,
    make_named,
    make_pair,
    make_weights,
    make_whole,
    refer,
    say,
)

_NO_BODY: Final = make_either({"const": "none"}, {"type": "null"})


def build_payload_definitions() -> dict[str, SchemaPart]:
    """The definitions of payloads and fields, by their names."""
    return {"payload": _build_payload(), "field": _build_field(), "number": _build_number()}


def _build_payload() -> SchemaPart:
    document = make_either(TEXT, {"type": "object"})
    length = make_either(make_whole(1, LONGEST_LIST), refer("number"))
    keys = {
        "schema": say("A JSON schema that records fit, in a file or in place.", document),
        "fields": say("Fields that records are made of.", make_named(refer("field"))),
        "like": say("A table (.csv, .parquet) that records resemble.", TEXT),
        "file": say("A file of records (.jsonl, .csv, .parquet).", TEXT),
        "raw": say("A folder whose files are bodies.", TEXT),
        "plugin": say("The name of an installed plug-in that makes records.", TEXT),
        "options": say("What the plug-in takes.", {"type": "object"}),
        "order": say(
            "The order in which a file is read; default cycled.",
            make_choice(("cycled", "sampled", "replay")),
        ),
        "kinds": say("How often each kind of record is sent, by weights.", make_weights(PAYLOAD_KINDS)),
        "rows": say("Records in a request, which is a list then; a number or how it is drawn.", length),
        "template": say("The JSON body around a record; `{name}` is a field of it.", ANYTHING),
        "encoding": say("How a record is encoded; default json.", make_choice(("json", "form", "multipart"))),
        "files": say("Parts of a multipart body that are files: names and folders.", make_named(TEXT)),
    }
    return make_either(make_closed(keys), _NO_BODY)


def _build_field() -> SchemaPart:
    choice = make_either({"type": "array", "minItems": 1}, make_named(WEIGHT))
    length = make_either(make_whole(0, LONGEST_LIST), refer("number"))
    return make_either(
        refer("number"),
        make_closed({"choice": say("One of some values, or of values by weights.", choice)}, "choice"),
        make_closed({"constant": say("Always this value.", ANYTHING)}, "constant"),
        make_closed({"sequence": say("Whole numbers from this one on.", make_whole(0, 10**15))}, "sequence"),
        make_closed({"faker": say("A method of Faker without arguments.", TEXT)}, "faker"),
        make_closed({"pattern": say("A regular expression.", {"type": "string", "minLength": 1})}, "pattern"),
        make_closed(
            {
                "list": say("The field of each item.", refer("field")),
                "length": say("How many items, or how that is drawn.", length),
            },
            "list",
            "length",
        ),
        make_closed({"fields": say("A mapping of fields.", make_named(refer("field")))}, "fields"),
    )


def _build_number() -> SchemaPart:
    more = {
        "min": say("No value is less.", NUMBER),
        "max": say("No value is greater.", NUMBER),
        "digits": say("Digits after the point.", make_whole(0, 15)),
        "whole": say("Whether values are whole numbers.", TRUTH),
    }
    meanings = {
        "uniform": "Least and greatest.",
        "normal": "Mean and standard deviation.",
        "lognormal": "Mean and standard deviation of the logarithm.",
    }
    return make_either(
        *(
            make_closed({name: say(meaning, make_pair(NUMBER)), **more}, name)
            for name, meaning in meanings.items()
        )
    )
