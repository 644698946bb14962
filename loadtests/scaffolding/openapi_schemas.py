"""Turns schemas of an OpenAPI document (3.0 or 3.1) into JSON schemas that stand alone (2020-12).

OpenAPI 3.0 extends and bends an older draft of JSON schema: `nullable` is a type in 2020-12, a boolean
`exclusiveMinimum` is a number, `example` is a list of `examples` (OpenAPI Specification 3.0.3, "Schema
Object"; 3.1.0, the same section).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loadtests.scaffolding.sketch import ScaffoldingError

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAMED: Final = ("properties", "patternProperties", "$defs", "dependentSchemas")
_LISTED: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE: Final = (
    *("items", "additionalProperties", "not", "contains", "propertyNames"),
    *("if", "then", "else", "unevaluatedItems", "unevaluatedProperties"),
)
_DROPPED: Final = frozenset(("nullable", "discriminator", "xml", "externalDocs", "example", "$schema"))
_EXCLUSIVE: Final = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


class SchemaBundler:
    """Makes schemas of an OpenAPI document stand alone."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def bundle(self, schema: Any, hidden: str = "") -> dict[str, Any]:
        """The schema with all that it refers to in `$defs`.

        Properties that `hidden` marks are left out: `readOnly` in a request, `writeOnly` in a reply.
        ScaffoldingError for a reference that leads out of the document, or to nothing.
        """
        names: dict[str, str] = {}
        root = self._translate(schema, names, hidden)
        definitions: dict[str, Any] = {}
        while len(definitions) < len(names):
            for reference, name in list(names.items()):
                if name not in definitions:
                    definitions[name] = self._translate(self.find(reference), names, hidden)
        bundled: dict[str, Any] = {"$schema": DIALECT} | (
            root if isinstance(root, dict) else {"allOf": [root]}
        )
        return bundled | ({"$defs": definitions} if definitions else {})

    def find(self, reference: str) -> Any:
        """What a reference in the document (a JSON pointer, RFC 6901) leads to."""
        if not reference.startswith("#/"):
            raise ScaffoldingError(f"the reference {reference!r} leads out of the document")
        found: Any = self._document
        try:
            for token in reference[2:].split("/"):
                key = token.replace("~1", "/").replace("~0", "~")
                found = found[int(key)] if isinstance(found, list) else found[key]
        except (LookupError, ValueError, TypeError):
            raise ScaffoldingError(f"the reference {reference!r} leads to nothing") from None
        return found

    def resolve(self, part: Any) -> Any:
        """A part of the document (a parameter, a body, a reply) with its reference followed."""
        followed: set[str] = set()
        while isinstance(part, Mapping) and "$ref" in part:
            reference = str(part["$ref"])
            if reference in followed:
                raise ScaffoldingError(f"the reference {reference!r} leads back to itself")
            followed.add(reference)
            part = self.find(reference)
        return part

    def _translate(self, schema: Any, names: dict[str, str], hidden: str) -> Any:
        if not isinstance(schema, Mapping):
            return schema
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key == "$ref":
                made[key] = f"#/$defs/{_name_definition(str(value), names)}"
            elif key in _NAMED and isinstance(value, Mapping):
                made[key] = {
                    name: self._translate(each, names, hidden)
                    for name, each in value.items()
                    if not (hidden and self._is_marked(each, hidden))
                }
            elif key in _LISTED and isinstance(value, list):
                made[key] = [self._translate(each, names, hidden) for each in value]
            elif key in _SINGLE:
                made[key] = self._translate(value, names, hidden)
            elif key not in _DROPPED and not (key in _EXCLUSIVE and isinstance(value, bool)):
                made[key] = value
        if hidden and isinstance(schema.get("required"), list):
            gone = {
                name for name, each in schema.get("properties", {}).items() if self._is_marked(each, hidden)
            }
            made["required"] = [name for name in schema["required"] if name not in gone]
        return _translate_3_0(schema, made)

    def _is_marked(self, schema: Any, mark: str) -> bool:
        return isinstance(schema, Mapping) and bool(schema.get(mark))


def _name_definition(reference: str, names: dict[str, str]) -> str:
    """The name in `$defs` of what a reference leads to; an equal name gets a number."""
    if reference not in names:
        last = reference.rpartition("/")[2].replace("~1", "_").replace("~0", "_") or "root"
        taken = set(names.values())
        names[reference] = next(
            name
            for number in range(len(taken) + 1)
            if (name := f"{last}_{number}" if number else last) not in taken
        )
    return names[reference]


def _translate_3_0(schema: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """The keywords that mean something else, or nothing, in 2020-12."""
    for exclusive, inclusive in _EXCLUSIVE.items():
        if schema.get(exclusive) is True and inclusive in made:
            made[exclusive] = made.pop(inclusive)
    if "example" in schema and "examples" not in made:
        made["examples"] = [schema["example"]]
    if schema.get("nullable") is True:
        return _allow_null(made)
    return made


def _allow_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with null besides what it allows."""
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]}
