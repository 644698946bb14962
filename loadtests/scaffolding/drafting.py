"""Writes the files of a sketch, and keeps what can't be read back out of the scenario."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from configuration.errors import ConfigurationError
from configuration.loading import load_file
from configuration.scenario_schema import build_scenario_schema
from loadtests.scaffolding.sketch import EndpointSketch, ServiceSketch
from loadtests.scaffolding.writing import SCHEMA_FILE, list_schema_files, write_scenario, write_schema
from reports.data.folder import write_text


def write_files(file: Path, sketch: ServiceSketch, url: str, limit_ms: float) -> None:
    """Write the scenario and its schemas; those come first, because the scenario names them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for name, schema in list_schema_files(sketch).items():
        write_text(file.parent / name, write_schema(schema))
    write_text(file.parent / SCHEMA_FILE, write_schema(build_scenario_schema()))
    write_text(file, write_scenario(sketch, url, limit_ms))


def leave_out_unreadable(sketch: ServiceSketch, folder: Path, url: str) -> ServiceSketch:
    """The sketch without endpoints that a scenario can't state; drafts are written into `folder`."""

    def check(endpoint: EndpointSketch) -> EndpointSketch:
        if endpoint.left_out is not None:
            return endpoint
        draft = folder / f"{sketch.name}.yaml"
        write_files(draft, replace(sketch, endpoints=(endpoint,)), url, 1.0)
        try:
            load_file(draft)
        except ConfigurationError as error:
            reason = str(error).splitlines()[-1].strip()
            return replace(endpoint, left_out=f"a scenario can't state it ({reason})")
        return endpoint

    return replace(sketch, endpoints=tuple(map(check, sketch.endpoints)))
