"""Parameters of an operation: what fills the placeholders of its path, query and headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from loadtests.scaffolding.openapi_schemas import SchemaBundler

USUAL_WORDS: Final = {"faker": "word"}
_FORMATS: Final[Mapping[str, Mapping[str, Any]]] = {
    "uuid": {"faker": "uuid4"},
    "date": {"faker": "date"},
    "email": {"faker": "safe_email"},
    "ipv4": {"faker": "ipv4"},
    "uri": {"faker": "uri"},
}
_UNSENDABLE: Final = re.compile(r"[^!-~]+|#+")
"""What a path in a request can't hold as it is (RFC 3986, 3.3)."""
_UNSENT_HEADERS: Final = ("accept", "content-type", "authorization")
"""Headers that OpenAPI tells to ignore as parameters (3.1.0, "Parameter Object")."""


@dataclass
class FilledParameters:
    """A path with its query, headers, and the fields that fill their placeholders."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    guesses: list[str] = field(default_factory=list)


def fill_parameters(path: str, parameters: Iterable[Any], bundler: SchemaBundler) -> FilledParameters:
    """What is needed to send a request: optional parameters are left out."""
    filled = FilledParameters(_UNSENDABLE.sub(lambda found: quote(found[0]), path))
    query: list[str] = []
    cookies: list[str] = []
    told = list(map(bundler.resolve, parameters))
    for each in [*told, *_find_untold(path, told)]:
        place, name = each.get("in"), str(each.get("name", ""))
        if not (each.get("required") or place == "path"):
            continue
        if place == "header" and name.lower() in _UNSENT_HEADERS:
            continue
        field_name = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("0123456789") or "value"
        made, is_known = make_field(_find_schema(each, bundler))
        filled.values[field_name] = made
        if not is_known:
            filled.guesses.append(f"the {place} parameter {name!r} is filled with {_describe(made)}")
        placeholder = f"{{{field_name}}}"
        match place:
            case "path":
                filled.path = filled.path.replace(f"{{{name}}}", placeholder)
            case "query":
                query.append(f"{quote(name)}={placeholder}")
            case "header":
                filled.headers[name] = placeholder
            case "cookie":
                cookies.append(f"{name}={placeholder}")
    if query:
        filled.path += ("&" if "?" in filled.path else "?") + "&".join(query)
    if cookies:
        filled.headers["Cookie"] = "; ".join(cookies)
    return filled


def _find_untold(path: str, told: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The parameters in a path that its document forgot to list."""
    names = {each.get("name") for each in told if each.get("in") == "path"}
    return [{"name": name, "in": "path"} for name in re.findall(r"\{([^{}]+)\}", path) if name not in names]


def _find_schema(parameter: Mapping[str, Any], bundler: SchemaBundler) -> Mapping[str, Any]:
    """The schema of a parameter with its own examples, one level of references followed."""
    schema = dict(bundler.resolve(parameter.get("schema", {})))
    if "example" in parameter:
        schema["examples"] = [parameter["example"]]
    elif isinstance(parameter.get("examples"), Mapping):
        named = [bundler.resolve(each) for each in parameter["examples"].values()]
        schema["examples"] = [each["value"] for each in named if "value" in each]
    elif "example" in schema:
        schema["examples"] = [schema["example"]]
    for key in ("anyOf", "oneOf", "allOf"):
        parts = [bundler.resolve(each) for each in schema.get(key, ())]
        named_types = [each for each in parts if each.get("type") != "null"]
        schema = {**(named_types[0] if named_types else {}), **schema}
    return schema


def make_field(schema: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The plain values of a field that fits a schema, and whether the schema tells enough to be sure."""
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
    for key in ("enum", "examples"):
        if schema.get(key):
            return {"choice": list(schema[key])}, True
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return {"constant": schema[key]}, True
    if kind == "boolean":
        return {"choice": [True, False]}, True
    if kind in ("integer", "number"):
        return _make_number(schema, whole=kind == "integer")
    if "pattern" in schema:
        return {"pattern": schema["pattern"]}, True
    form = str(schema.get("format", ""))
    if form in _FORMATS:
        return dict(_FORMATS[form]), form != "uuid"
    return dict(USUAL_WORDS), False


def _make_number(schema: Mapping[str, Any], *, whole: bool) -> tuple[dict[str, Any], bool]:
    """A number within its limits; OpenAPI 3.0 writes an exclusive one as true beside it."""
    step = 1 if whole else 0
    low, high = (
        _read_limit(schema, inclusive, f"exclusive{inclusive.title()}", change)
        for inclusive, change in (("minimum", step), ("maximum", -step))
    )
    is_known = low is not None and high is not None
    low = low if low is not None else min(1, high) if high is not None else 1
    high = high if high is not None else low + 9
    return {"uniform": [low, high]} | ({"whole": True} if whole else {}), is_known


def _read_limit(schema: Mapping[str, Any], inclusive: str, exclusive: str, change: int) -> float | None:
    told: float | None = schema.get(inclusive)
    beyond = schema.get(exclusive)
    if beyond is True and told is not None:
        return told + change
    if isinstance(beyond, int | float) and not isinstance(beyond, bool):
        return beyond + change
    return told


def _describe(made: Mapping[str, Any]) -> str:
    match made:
        case {"uniform": [low, high]}:
            return f"numbers from {low} to {high}"
        case {"faker": method}:
            return f"invented values ({method})"
    return "what its schema tells"
