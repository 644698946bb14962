"""The JSON schema of a scenario's traffic: endpoints, payloads, fields, journeys."""

from __future__ import annotations

from typing import Final

from configuration.endpoint import METHODS
from configuration.fields import LONGEST_LIST
from configuration.payload import PAYLOAD_KINDS
from configuration.reply_fields import VALUE_TYPES
from configuration.schema_parts import (
    ANYTHING,
    DURATION,
    NUMBER,
    RATE,
    TEXT,
    TRUTH,
    WEIGHT,
    SchemaPart,
    make_choice,
    make_closed,
    make_either,
    make_list,
    make_named,
    make_pair,
    make_weights,
    make_whole,
    refer,
    say,
)
from configuration.traffic import USER_CLASS_NAMES

_PATH: Final[SchemaPart] = {"type": "string", "pattern": '^\\s*/[!-"$-~]*\\s*$'}
_STATUS: Final = make_either(make_whole(200, 599), make_list(make_whole(200, 599)))
_NO_BODY: Final = make_either({"const": "none"}, {"type": "null"})


def build_traffic_definitions() -> dict[str, SchemaPart]:
    """The definitions of the traffic section, by their names."""
    endpoint = _list_endpoint_keys()
    weight = {"weight": say("How often it is chosen, next to the others; default 1.", WEIGHT)}
    step = {
        "take": say(
            "Values for later steps, and where the reply holds them: a path in its JSON, or `header <name>`.",
            make_named(TEXT),
        ),
        "think": say(
            "The pause before the request: a duration, or the shortest and the longest.",
            make_either(DURATION, make_pair(DURATION)),
        ),
    }
    return {
        "traffic": _build_traffic(),
        "endpoint": make_closed(endpoint | weight, "name", "path"),
        "step": make_closed(endpoint | step, "name", "path"),
        "journey": _build_journey(),
        "payload": _build_payload(),
        "reply": _build_reply(),
        "replyField": _build_reply_field(),
        "field": _build_field(),
        "number": _build_number(),
    }


def _build_traffic() -> SchemaPart:
    user = make_either(make_choice(USER_CLASS_NAMES), make_weights(USER_CLASS_NAMES))
    return make_closed(
        {
            "user": say("Closed model only: a user class, or a mix of them by weights; default paced.", user),
            "timeout": say("For a whole request; default 10s.", DURATION),
            "endpoints": say(
                "Where requests go; default: the suite's own model.", make_list(refer("endpoint"))
            ),
            "journeys": say(
                "Requests made one after the other, each with what earlier replies held.",
                make_list(refer("journey")),
            ),
            "login": say("What each user does once, before anything else.", make_list(refer("step"))),
        }
    )


def _build_journey() -> SchemaPart:
    return make_closed(
        {
            "name": say("What messages call it.", TEXT),
            "weight": say("How often it is chosen, next to endpoints and journeys; default 1.", WEIGHT),
            "steps": say("Its requests, in order.", make_list(refer("step"))),
        },
        "name",
        "steps",
    )


def _list_endpoint_keys() -> dict[str, SchemaPart]:
    return {
        "name": say("What objectives and reports call it.", TEXT),
        "path": say("The path on the host with its query; `{name}` is filled in for each request.", _PATH),
        "method": say("The HTTP method; default POST.", make_choice(METHODS)),
        "payload": say(
            "What requests carry; default: records of the suite's own model, nothing for GET, HEAD, DELETE.",
            refer("payload"),
        ),
        "reply": say("What a reply must hold; null checks nothing.", refer("reply")),
        "headers": say(
            "Headers by name; `{name}` is filled in for each request, `${NAME}` from the environment.",
            make_named({"type": "string", "pattern": "^[ -~\\t]*$"}),
        ),
        "values": say("Fields that fill placeholders, drawn for each request.", make_named(refer("field"))),
        "expect": say(
            "Statuses that are right, for all or by kind of payload; default: 2xx, for invalid 400 and 422.",
            make_either(_STATUS, make_closed(dict.fromkeys(PAYLOAD_KINDS, _STATUS))),
        ),
    }


def _build_payload() -> SchemaPart:
    document = make_either(TEXT, {"type": "object"})
    length = make_either(make_whole(1, LONGEST_LIST), refer("number"))
    keys = {
        "schema": say("A JSON schema that records fit, in a file or in place.", document),
        "fields": say("Fields that records are made of.", make_named(refer("field"))),
        "like": say("A table (.csv, .parquet) that records resemble.", TEXT),
        "file": say("A file of records (.jsonl, .csv, .parquet).", TEXT),
        "raw": say("A folder whose files are bodies.", TEXT),
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
