"""The JSON schema of a scenario's traffic: endpoints, journeys, credentials."""

from __future__ import annotations

from typing import Final

from configuration.credentials import SOURCES
from configuration.endpoint import METHODS
from configuration.parity import MOST_PROBES
from configuration.payload import PAYLOAD_KINDS
from configuration.payload_schema import build_payload_definitions
from configuration.reply_schema import build_reply_definitions
from configuration.schema_parts import (
    DURATION,
    TEXT,
    URL_PATH,
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

_STATUS: Final = make_either(make_whole(200, 599), make_list(make_whole(200, 599)))
_HEADERS: Final = make_named({"type": "string", "pattern": "^[ -~\\t]*$"})


def build_traffic_definitions() -> dict[str, SchemaPart]:
    """The definitions of the traffic section, by their names."""
    of_endpoint = {
        "weight": say("How often it is chosen, next to the others; default 1.", WEIGHT),
        "parity": say("Whether answers under load are those at rest; `{}`: with defaults.", refer("parity")),
    }
    of_step = {
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
        "credentials": _build_credentials(),
        "endpoint": _build_request(of_endpoint),
        "grpc": _build_grpc(),
        "parity": _build_parity(),
        "step": _build_request(of_step),
        "journey": _build_journey(),
        **build_payload_definitions(),
        **build_reply_definitions(),
    }


def _build_traffic() -> SchemaPart:
    user = make_either(make_choice(USER_CLASS_NAMES), make_weights(USER_CLASS_NAMES))
    return make_closed(
        {
            "user": say("Closed model only: a user class, or a mix of them by weights; default paced.", user),
            "timeout": say("For a whole request; default 10s.", DURATION),
            "headers": say(
                "Headers of all requests; one of an endpoint's own replaces the one of its name.", _HEADERS
            ),
            "credentials": say("A header with a secret that every request carries.", refer("credentials")),
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


def _build_credentials() -> SchemaPart:
    header: SchemaPart = {"type": "string", "pattern": r"^[^\s:]+:.*\{\}"}
    texts = make_list({"type": "string"})
    sources = {
        "environment": say("The environment variable that holds the secret.", TEXT),
        "file": say("The file that holds it.", TEXT),
        "command": say("The program that prints it, and its arguments.", texts),
    }
    more = {
        "header": say(
            "The header; `{}` is where the secret goes; default `Authorization: Bearer {}`.", header
        )
    }
    renew = {"renew": say("How often file or command are asked again; default never.", DURATION)}
    return make_either(
        *(
            make_closed({source: sources[source]} | more | ({} if source == "environment" else renew), source)
            for source in SOURCES
        )
    )


def _build_grpc() -> SchemaPart:
    return make_closed(
        {
            "model": say("The name of the model.", TEXT),
            "version": say("Its version; default: the service chooses.", TEXT),
        },
        "model",
    )


def _build_parity() -> SchemaPart:
    difference: SchemaPart = {"type": "number", "minimum": 0}
    share: SchemaPart = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]*)?(e-?[0-9]+)?\s*%\s*$"}
    return make_closed(
        {
            "probes": say(
                "Inputs, each asked twice before the load; default 50.", make_whole(1, MOST_PROBES)
            ),
            "share": say("The share of requests that are probes, such as `5 %`, the default.", share),
            "tolerance": say(
                "How far numbers may differ, by the name or path of their field.", make_named(difference)
            ),
            "ignore": say("Names or paths that are not compared.", {"type": "array", "items": TEXT}),
        }
    )


def _build_request(more: dict[str, SchemaPart]) -> SchemaPart:
    """A request of HTTP with its path, or a gRPC call with its model."""
    http = {
        "path": say("The path on the host with its query; `{name}` is filled in for each request.", URL_PATH),
        "method": say("The HTTP method; default POST.", make_choice(METHODS)),
    }
    call = {"grpc": say("In place of path and method: the model that a gRPC call asks.", refer("grpc"))}
    shared = _list_request_keys()
    name = {"name": shared.pop("name")}
    return make_either(
        make_closed(name | http | shared | more, "name", "path"),
        make_closed(name | call | shared | more, "name", "grpc", "payload"),
    )


def _list_request_keys() -> dict[str, SchemaPart]:
    return {
        "name": say("What objectives and reports call it.", TEXT),
        "payload": say(
            "What requests carry; default: records of the suite's own model, nothing for GET, HEAD, DELETE.",
            refer("payload"),
        ),
        "reply": say("What a reply must hold; null checks nothing.", refer("reply")),
        "headers": say(
            "Headers by name; `{name}` is filled in for each request, `${NAME}` from the environment.",
            _HEADERS,
        ),
        "values": say("Fields that fill placeholders, drawn for each request.", make_named(refer("field"))),
        "expect": say(
            "Statuses that are right, for all or by kind of payload; default: 2xx, for invalid 400 and 422.",
            make_either(_STATUS, make_closed(dict.fromkeys(PAYLOAD_KINDS, _STATUS))),
        ),
    }
