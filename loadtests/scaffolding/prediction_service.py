"""Reads what a rest_model_service says of its models: their schemas as requests of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loadtests.scaffolding.asking import DocumentReader, find_mapping
from loadtests.scaffolding.bodies import KINDS
from loadtests.scaffolding.naming import name_scenario
from loadtests.scaffolding.openapi_schemas import DIALECT
from loadtests.scaffolding.replies import sketch_reply
from loadtests.scaffolding.sketch import EndpointSketch, ServiceSketch

MODELS: Final = "/api/models"
REFUSALS: Final = (400, 422)


def sketch_prediction_service(reader: DocumentReader, model: str | None) -> ServiceSketch | None:
    """The models of the service, or the one named; None if it is no rest_model_service."""
    listed = find_mapping(reader.ask(MODELS), "models")
    if listed is None:
        return None
    names = [str(each["qualified_name"]) for each in listed["models"] if find_mapping(each, "qualified_name")]
    found = [
        (name, metadata)
        for name in names
        if model in (None, name)
        and (metadata := find_mapping(reader.ask(f"{MODELS}/{name}/metadata"), "input_schema"))
    ]
    if not found:
        return None
    title = found[0][0] if len(found) == 1 else "models"
    endpoints = tuple(_sketch_model(name, metadata) for name, metadata in found)
    return ServiceSketch(name_scenario(title), title, f"rest_model_service's {MODELS}", endpoints)


def _sketch_model(name: str, metadata: Mapping[str, Any]) -> EndpointSketch:
    reply_schema = {"$schema": DIALECT, **(metadata.get("output_schema") or {})}
    return EndpointSketch(
        name=name,
        method="POST",
        path=f"{MODELS}/{name}/prediction",
        payload={"kinds": dict(KINDS)},
        payload_schema={"$schema": DIALECT, **metadata["input_schema"]},
        reply_schema=reply_schema,
        reply=sketch_reply(reply_schema),
        expect={"invalid": REFUSALS},
    )
