"""The endpoint that a command line states instead of a scenario: `--path /predict --payload '{"x": 1}'`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from configuration.changes import sends_to_own_service
from configuration.endpoint import BODILESS, METHODS, Endpoint
from configuration.errors import ConfigurationError
from configuration.loading import restore_endpoint
from configuration.payload import RECORD_FILES
from configuration.scenario import Scenario
from loadtests.client.readiness import describe_service
from loadtests.client.target import Target

OWN_MODEL: Final = "insurance_charges_model"
NAME: Final = "request"
"""The name of the endpoint in objectives and reports."""


def build_endpoint(path: str | None, method: str | None, payload: str | None) -> Endpoint | None:
    """The endpoint that the options state; None if they state none.

    Without a payload the method is GET, with one POST. ConfigurationError says which option is wrong.
    """
    if path is None:
        for flag, value in (("--method", method), ("--payload", payload)):
            if value is not None:
                raise ConfigurationError(f"{flag} says how to ask an endpoint: add its path, --path /predict")
        return None
    method = (method or ("GET" if payload is None else "POST")).upper()
    if method not in METHODS:
        raise ConfigurationError(f"--method {method} is not known: give one of {', '.join(METHODS)}")
    if payload is None and method not in BODILESS:
        raise ConfigurationError(
            f"--method {method} sends a body: give it, --payload '{{\"x\": 1}}' or --payload records.jsonl"
        )
    values: dict[str, Any] = {"name": NAME, "path": path, "method": method, "reply": None}
    if payload is not None:
        values["payload"] = _read_payload(payload)
    return restore_endpoint(values, "--path, --method, --payload")


def _read_payload(text: str) -> dict[str, Any]:
    """A payload section: the records of a file, or the same JSON value in each request."""
    file = Path(text)
    if file.suffix in RECORD_FILES:
        return {"file": str(file.absolute())}
    if file.suffix == ".json":
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"--payload {file} can't be read: {error}") from None
    try:
        return {"schema": {"const": json.loads(text)}}
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"--payload is no JSON value ({error.msg} at character {error.pos + 1}), and no file that "
            f"ends in .json, {', '.join(RECORD_FILES)}"
        ) from None


def check_foreign(scenario: Scenario, target: Target) -> None:
    """Refuse, by ConfigurationError, to send the requests of the suite's own service to another one."""
    if not scenario.is_manual or not sends_to_own_service(scenario.traffic):
        return
    model = describe_service(target).get("model")
    if model != OWN_MODEL:
        found = f"it serves {model!r}" if model else "it does not list its models"
        raise ConfigurationError(
            f"{target.url} is not the suite's own service ({found}), so what to send is not known: say it, "
            "such as --path /predict --payload '{\"x\": 1}' (or --payload records.jsonl), or take a scenario "
            "that says it: --scenario FILE"
        )
