"""Reads request bodies from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from configuration.errors import ConfigurationError
from configuration.scenario import Scenario


def check_bodies(scenario: Scenario) -> None:
    """Raise ConfigurationError unless the payload files of a scenario hold request bodies."""
    for endpoint in scenario.traffic.endpoints:
        if endpoint.payload.file is not None:
            try:
                read_bodies(endpoint.payload.file)
            except (ValueError, OSError) as error:
                raise ConfigurationError(str(error)) from None


def read_bodies(file: Path) -> list[Any]:
    """The request bodies of a JSON Lines file, one a line; ValueError names a line that is not JSON."""
    bodies = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                bodies.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise ValueError(f"{file}, line {number}: no JSON value: {error.msg}") from None
    if not bodies:
        raise ValueError(f"{file}: holds no request body; write one JSON value a line")
    return bodies
