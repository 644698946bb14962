"""Bodies of requests and replies in an OpenAPI document, as payload sections and JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from loadtests.scaffolding.openapi_schemas import SchemaBundler

KINDS: Final = {"realistic": 9, "invalid": 1}
"""One request in ten holds an invalid record, which the service has to refuse."""
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True)
class BodySketch:
    """The payload section of an operation, without its schema; None for no body."""

    payload: Mapping[str, Any] | None = None
    schema: Mapping[str, Any] | None = None
    guesses: tuple[str, ...] = ()
    problem: str | None = None
    """Why no body can be made."""


def sketch_body(body: Any, bundler: SchemaBundler) -> BodySketch:
    """What a request carries; an optional body is sent, too."""
    content = body.get("content", {}) if isinstance(body, Mapping) else {}
    if not content:
        return BodySketch()
    json_type = find_json_type(content)
    if json_type is not None:
        schema = bundler.bundle(content[json_type].get("schema", {}), "readOnly")
        if not (set(schema) - {"$schema", "title", "description", "$defs"}):
            return BodySketch({}, schema, problem="its document does not say what it is sent: add a payload")
        return BodySketch({"kinds": dict(KINDS)}, schema)
    if FORM in content:
        return BodySketch({"encoding": "form"}, bundler.bundle(content[FORM].get("schema", {}), "readOnly"))
    if MULTIPART in content:
        schema = bundler.bundle(content[MULTIPART].get("schema", {}), "readOnly")
        return BodySketch({"encoding": "multipart"}, schema, problem=_find_files(schema))
    named = ", ".join(content)
    return BodySketch(
        {}, problem=f"it is sent {named}: put such files into a folder, payload: {{raw: folder}}"
    )


def find_json_type(content: Mapping[str, Any]) -> str | None:
    """The media type of a JSON body among those that are offered."""
    return next(
        (
            each
            for each in content
            if each.partition(";")[0] in ("application/json", "*/*") or "+json" in each
        ),
        None,
    )


def _find_files(schema: Mapping[str, Any]) -> str | None:
    """Why a multipart body can't be made yet: it holds files."""
    reference = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    held = schema.get("$defs", {}).get(reference, schema)
    files = [
        name
        for name, each in held.get("properties", {}).items()
        if isinstance(each, Mapping) and (each.get("format") == "binary" or "contentMediaType" in each)
    ]
    if not files:
        return None
    parts = ", ".join(f"{name}: folder" for name in files)
    return f"it is sent files: put some into a folder, payload: {{encoding: multipart, files: {{{parts}}}}}"


def find_reply(
    responses: Mapping[str, Any], bundler: SchemaBundler
) -> tuple[int | None, dict[str, Any] | None]:
    """The lowest documented success, and the schema of its JSON; None for what is not told."""
    told = {int(code): reply for code, reply in responses.items() if str(code).isdecimal()}
    success = min((code for code in told if 200 <= code < 300), default=None)
    if success is None:
        return None, None
    content = bundler.resolve(told[success]).get("content", {})
    json_type = find_json_type(content)
    if json_type is None or not content[json_type].get("schema"):
        return success, None
    return success, bundler.bundle(content[json_type]["schema"], "writeOnly")
