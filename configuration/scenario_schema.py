"""The JSON schema of scenario files, with which editors complete and check them.

It knows every key, where it may stand and of what form its value is. It can't know what depends on other
values, such as the name of a stage in an objective: `--check` finds that.
"""

from __future__ import annotations

from typing import Final

from configuration.levels import MOST_USERS
from configuration.load import FASTEST_REPLAY, MANUAL
from configuration.loading import EXPECTABLE_OUTCOMES
from configuration.objectives import NEVER
from configuration.scenario import SEEDS
from configuration.schema_parts import (
    DURATION,
    MULTIPLE,
    RATE,
    TEXT,
    URL_PATH,
    SchemaPart,
    make_choice,
    make_closed,
    make_either,
    make_list,
    make_pair,
    make_whole,
    refer,
    say,
)
from configuration.segments import ENDLESS, LONGEST_STAGE_NAME, MOST_STEPS
from configuration.service_paths import DEFAULT_METRICS, DEFAULT_READY
from configuration.traffic_schema import build_traffic_definitions
from shapes.arrivals import SPACINGS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_OBJECTIVES: Final[SchemaPart] = {**make_list(TEXT), "uniqueItems": True}
HOST: Final[SchemaPart] = {"type": "string", "pattern": "^\\s*[!-.0-~]+\\s*$"}
_SHARE: Final[SchemaPart] = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}


def build_scenario_schema() -> SchemaPart:
    """The schema of a scenario (draft 2020-12); each key has a description."""
    return {
        "$schema": DIALECT,
        "title": "Scenario of a load test",
        **_build_scenario(),
        "$defs": {**_build_load_definitions(), **build_traffic_definitions(), **_build_judging_definitions()},
    }


def _build_scenario() -> SchemaPart:
    seeds = make_closed(dict.fromkeys(SEEDS, make_whole(0, 999_999_999)))
    outcomes: SchemaPart = {"type": "array", "items": make_choice(EXPECTABLE_OUTCOMES)}
    confidence: SchemaPart = {"type": "number", "minimum": 0.5, "exclusiveMaximum": 1}
    return make_closed(
        {
            "description": say("What is run, in a sentence.", TEXT),
            "load": say(
                f"How much load at each moment; `{MANUAL}`: chosen at the start.",
                make_either({"const": MANUAL}, refer("load")),
            ),
            "traffic": say("Who sends requests, where to, and what they carry.", refer("traffic")),
            "service": say("What the service is asked besides its endpoints.", refer("service")),
            "allow_hosts": say(
                "Hosts that may be put under load though they have public addresses.",
                {"type": "array", "items": HOST},
            ),
            "seeds": say("The starts of the random streams.", seeds),
            "expected": say("Outcomes that are no errors here.", outcomes),
            "objectives": say("Limits that decide the verdict, each a sentence.", _OBJECTIVES),
            "confidence": say("The confidence with which objectives are proven; default 0.95.", confidence),
            "generator": say("Limits of the generator's own health.", refer("generator")),
            "abort": say(
                "When a hopeless run is given up; default: if the first 50 requests, or all of the first "
                "5 s, fail.",
                make_either({"const": NEVER}, refer("abort")),
            ),
        },
        "description",
        "load",
        "objectives",
    )


def _build_judging_definitions() -> dict[str, SchemaPart]:
    generator = make_closed(
        {
            "lateness": say("How late requests may be sent (99th percentile); default 20ms.", DURATION),
            "busy": say("The share of a core that a process may use; default 0.95.", _SHARE),
            "starved": say("The share of a core that it may lack; default 0.25.", _SHARE),
            "lag": say("How late its event loop may be; default 100ms.", DURATION),
            "others": say(
                "Cores that other programs may use; default 0.25.", {"type": "number", "exclusiveMinimum": 0}
            ),
        }
    )
    abort = make_closed(
        {
            "after": say("The grace, from the end of the warm-up on; default 10s.", DURATION),
            "unless": say("Limits that have to hold from then on.", _OBJECTIVES),
        },
        "unless",
    )
    path_or_nothing = make_either(URL_PATH, {"type": "null"})
    service = make_closed(
        {
            "ready": say(
                f"The readiness path; null: there is none; default {DEFAULT_READY}, if it is there.",
                path_or_nothing,
            ),
            "metrics": say(
                f"The path of Prometheus metrics; null: there is none; default {DEFAULT_METRICS}, if it is "
                "there.",
                path_or_nothing,
            ),
        }
    )
    return {"generator": generator, "abort": abort, "service": service}


def _build_load_definitions() -> dict[str, SchemaPart]:
    users = make_whole(0, MOST_USERS)
    rate = make_either(RATE, MULTIPLE)
    closed = {
        "users": say("Closed model: users, who wait for their replies.", make_list(refer("segmentOfUsers"))),
        "warm_up": say("Load before the rest, recorded and not judged.", make_list(refer("segmentOfUsers"))),
    }
    calibrate = make_closed(
        {
            "users": say("Eager users who find the capacity.", make_whole(1, 10_000)),
            "for": say("How long they do.", DURATION),
        },
        "users",
        "for",
    )
    opened = {
        "rate": say(
            "Open model: requests at these rates, or at multiples of the capacity.",
            make_list(refer("segmentOfRate")),
        ),
        "warm_up": say("Load before the rest, recorded and not judged.", make_list(refer("segmentOfRate"))),
        "spacing": say("How arrivals lie within their rate; default poisson.", make_choice(SPACINGS)),
        "in_flight_limit": say(
            "Requests under way in one process; one beyond it is dropped. Default 1000.",
            make_whole(1, 1_000_000),
        ),
        "calibrate": say("Find the capacity first; levels are multiples of it, such as 2x.", calibrate),
    }
    replayed = {
        "replay": say("Open model: requests arrive when others did.", refer("replay")),
        **{key: opened[key] for key in ("warm_up", "in_flight_limit")},
    }
    return {
        "load": make_either(
            make_closed(closed, "users"), make_closed(opened, "rate"), make_closed(replayed, "replay")
        ),
        "replay": _build_replay(),
        "segmentOfUsers": _build_segment(users),
        "segmentOfRate": _build_segment(rate),
    }


def _build_replay() -> SchemaPart:
    factor: SchemaPart = {"type": "number", "exclusiveMinimum": 0}
    return make_closed(
        {
            "file": say("The recording: a .jsonl, .csv or .parquet file with a row a request.", TEXT),
            "time": say("Its column of times: numbers of seconds, or dates with times (ISO 8601).", TEXT),
            "speed": say("How many times as fast; default 1.", {**factor, "maximum": FASTEST_REPLAY}),
            "scale": say("How many times as many requests; default 1.", factor | {"maximum": 100}),
        },
        "file",
        "time",
    )


def _build_segment(level: SchemaPart) -> SchemaPart:
    stage = {
        "stage": say("Its name in the report and in objectives.", {**TEXT, "maxLength": LONGEST_STAGE_NAME})
    }
    lasting = {"for": say("How long.", DURATION)} | stage
    endless = {"for": say("How long.", make_either(DURATION, {"const": ENDLESS}))} | stage
    wave = make_closed({"mean": level, "amplitude": level, "period": DURATION}, "mean", "amplitude", "period")
    spike = make_closed(
        {"base": level, "peak": level, "rise": DURATION, "hold": DURATION, "fall": DURATION},
        *("base", "peak", "rise", "hold", "fall"),
    )
    each = {"each": say("How long each level is held.", DURATION)} | stage
    return make_either(
        make_closed({"constant": say("One level.", level)} | endless, "constant", "for"),
        make_closed({"ramp": say("From one level to another.", make_pair(level))} | lasting, "ramp", "for"),
        make_closed(
            {"steps": say("Levels held in turn.", make_list(level, MOST_STEPS))} | each, "steps", "each"
        ),
        make_closed({"wave": say("A sine around its mean.", wave)} | lasting, "wave", "for"),
        make_closed({"spike": say("A short rise and back.", spike)} | lasting, "spike", "for"),
    )
