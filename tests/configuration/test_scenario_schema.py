"""The JSON schema of scenarios knows what the readers know; the page made of it is up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from configuration.errors import ConfigurationError
from configuration.loading import restore_scenario
from configuration.scenario_page import write_page, write_schema_text
from configuration.scenario_schema import build_scenario_schema

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
SCHEMA = build_scenario_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
BEYOND_A_SCHEMA = {
    "calibrate-nameless",
    "credentials-twice",
    "endless-first",
    "endless-warm-up",
    "endpoint-names",
    "grpc-and-http",
    "open-users",
    "replay-column",
    "replay-milliseconds",
    "replay-no-column",
    "replay-unsorted",
    "service-nothing",
    "too-long",
    "stage-names",
    "zero-load",
}
"""What is wrong with these depends on more than one value, or on what a file holds."""
GOOD = [
    *(CORPUS / "good").glob("*.yaml"),
    *(ROOT / "configuration" / "scenarios").glob("*.yaml"),
    *(ROOT / "docs" / "examples" / name for name in ("scoring.yaml", "to_the_limit.yaml")),
]


def read_bad() -> Iterator[tuple[str, Any]]:
    """The bad files that are YAML of JSON's values."""
    for path in sorted((CORPUS / "bad").glob("*.yaml")):
        try:
            value = yaml.safe_load(path.read_text(encoding="utf-8"))
            json.dumps(value, sort_keys=True)
        except (yaml.YAMLError, LookupError, TypeError, ValueError):
            continue
        yield path.stem, value


def test_it_is_a_json_schema() -> None:
    jsonschema_rs.meta.validate(SCHEMA)


@pytest.mark.parametrize("path", GOOD, ids=[path.stem for path in GOOD])
def test_what_the_readers_take_is_valid(path: Path) -> None:
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in VALIDATOR.iter_errors(value)] == []


@pytest.mark.parametrize("path", sorted((CORPUS / "good").glob("*.yaml")), ids=lambda path: path.stem)
def test_resolved_forms_are_valid(path: Path) -> None:
    value = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert [error.message for error in VALIDATOR.iter_errors(value)] == []


def test_what_the_readers_refuse_is_invalid_where_a_schema_can_say_so() -> None:
    accepted = {name for name, value in read_bad() if VALIDATOR.is_valid(value)}
    assert accepted == BEYOND_A_SCHEMA


LEAST: dict[str, Any] = {
    "description": "x",
    "load": {"users": [{"constant": 1, "for": "1s"}]},
    "objectives": ["error rate <= 1 %"],
}
STEP = {"name": "a", "path": "/a"}
PLACES: dict[str, dict[str, Any]] = {
    "": {"nonsense": 1},
    "traffic": {"traffic": {"nonsense": 1}},
    "endpoint": {"traffic": {"endpoints": [{**STEP, "nonsense": 1}]}},
    "step": {"traffic": {"login": [{**STEP, "nonsense": 1}]}},
    "journey": {"traffic": {"journeys": [{"name": "b", "steps": [STEP], "nonsense": 1}]}},
    "payload": {
        "traffic": {"endpoints": [{**STEP, "payload": {"fields": {"a": {"constant": 1}}, "nonsense": 1}}]}
    },
    "reply": {"traffic": {"endpoints": [{**STEP, "reply": {"finite": "a", "nonsense": 1}}]}},
    "generator": {"generator": {"nonsense": 1}},
    "abort": {"abort": {"unless": ["error rate <= 1 %"], "nonsense": 1}},
    "load": {"load": {"rate": [{"constant": "1/s", "for": "1s"}], "nonsense": 1}},
}
NOT_LISTED = {"payload": {"order", "options"}, "load": {"users", "replay"}, "reply": {"schema_rate"}}
"""Keys that the message about an unknown key leaves out in this place."""


@pytest.mark.parametrize("name", PLACES)
def test_it_knows_the_keys_that_the_readers_know(name: str) -> None:
    """They tell them in the message about an unknown key."""
    with pytest.raises(ConfigurationError) as error:
        restore_scenario(LEAST | PLACES[name], Path("x.yaml"))
    known = re.search(r"known here: (.*)", str(error.value))
    assert known, error.value
    told = set(known[1].split("; ")[0].split(", "))
    assert told | NOT_LISTED.get(name, set()) == list_keys(SCHEMA["$defs"][name] if name else SCHEMA)


def list_keys(part: dict[str, Any]) -> set[str]:
    return {key for each in [part, *part.get("anyOf", ())] for key in each.get("properties", {})}


def test_each_key_has_a_description() -> None:
    for name, part in [("the file", SCHEMA), *SCHEMA["$defs"].items()]:
        for each in [part, *part.get("anyOf", ())]:
            bare = [key for key, held in each.get("properties", {}).items() if not held.get("description")]
            assert bare == [], name


@pytest.mark.parametrize(
    ("name", "text"), [("scenarios.md", write_page()), ("scenario.schema.json", write_schema_text())]
)
def test_the_documents_are_up_to_date(name: str, text: str) -> None:
    """`python -m configuration.scenario_page` writes them."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text
