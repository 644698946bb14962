"""Makes values that fit a JSON schema: realistic ones, and ones at the ends of what it allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from faker import Faker

from loadtests.answers.json_schema import Part, Schema, SchemaError, list_types
from loadtests.payloads.schema_numbers import draw_number
from loadtests.payloads.text_values import fit_length, make_matching, make_text

DEEPEST: Final = 6
"""Below so many levels only what is required is made, and lists are as short as they may be."""
TRIES: Final = 100
USUAL_ITEMS: Final = 3
"""Items of a list whose length the schema leaves open."""
MOST_AT_EDGE: Final = 1_000
"""A list or text at its longest is no longer than this, however long the schema allows."""
OPTIONAL_SHARE: Final = 0.8
"""How often a realistic record has a property that it need not have."""


class ValueMaker:
    """Makes values of a schema; equal seeds of `fake` give equal values."""

    def __init__(self, schema: Schema, fake: Faker) -> None:
        self._schema = schema
        self._fake = fake
        self._chance = fake.random

    def make(self, *, at_edge: bool = False) -> Any:
        """A value that fits the schema, its numbers and lengths at an end of their ranges if `at_edge`.

        SchemaError if none is found: the message says what the last one lacked.
        """
        value = None
        for _ in range(TRIES):
            value = self._make(self._schema.document, "", 0, at_edge)
            if self._schema.is_valid(value):
                return value
        raise SchemaError(f"no value could be made that fits the schema ({self._schema.explain(value)})")

    def _make(self, part: Any, name: str, depth: int, at_edge: bool) -> Any:
        resolved = self._choose_branch(self._schema.resolve(part), depth)
        if "const" in resolved:
            return resolved["const"]
        if resolved.get("enum"):
            choices = resolved["enum"]
            return self._chance.choice([choices[0], choices[-1]] if at_edge else choices)
        examples = resolved.get("examples") or ([resolved["example"]] if "example" in resolved else [])
        kind = self._choose_type(resolved, depth)
        if examples and not at_edge and kind not in ("object", "integer", "number"):
            return self._chance.choice(examples)
        match kind:
            case "object":
                return self._make_object(resolved, depth, at_edge)
            case "array":
                return self._make_array(resolved, name, depth, at_edge)
            case "string":
                return self._make_string(resolved, name, at_edge)
            case "integer" | "number":
                return draw_number(
                    resolved, name, examples, self._chance, whole=kind == "integer", at_edge=at_edge
                )
            case "boolean":
                return self._chance.random() < 0.5
        return None

    def _choose_branch(self, part: Part, depth: int) -> Part:
        """One of the alternatives of `anyOf` and `oneOf`, joined with what is said beside them."""
        for key in ("anyOf", "oneOf"):
            while key in part:
                branches = [self._schema.resolve(each) for each in part[key]]
                named = [each for each in branches if each.get("type") != "null"] or branches
                usable = named if self._chance.random() < OPTIONAL_SHARE else branches
                if depth >= DEEPEST:
                    usable = sorted(branches, key=_count_nested)[:1]
                beside = {name: value for name, value in part.items() if name != key}
                part = self._schema.resolve({"allOf": [beside, self._chance.choice(usable)]})
        return part

    def _choose_type(self, part: Part, depth: int) -> str:
        types = list_types(part) or (["string"] if depth else ["object"])
        if "number" in types and "integer" in types:
            types.remove("integer")
        likely = [each for each in types if each != "null"]
        if likely and (len(likely) == len(types) or self._chance.random() < OPTIONAL_SHARE):
            types = likely
        return str(self._chance.choice(types))

    def _make_object(self, part: Part, depth: int, at_edge: bool) -> dict[str, Any]:
        properties: Mapping[str, Any] = part.get("properties", {})
        required = set(part.get("required", ()))
        all_optional = self._chance.random() < 0.5
        made: dict[str, Any] = {}
        for name, each in properties.items():
            if name in required or (depth < DEEPEST and self._wants_optional(at_edge, all_optional)):
                made[name] = self._make(each, name, depth + 1, at_edge)
        extra = part.get("additionalProperties", True)
        for name in sorted(required - made.keys()):
            made[name] = self._make(extra, name, depth + 1, at_edge)
        while len(made) < part.get("minProperties", 0):
            made[self._fake.unique.bothify("????????")] = self._make(extra, "", depth + 1, at_edge)
        return made

    def _wants_optional(self, at_edge: bool, all_optional: bool) -> bool:
        """At the edge a record has all optional properties or none."""
        return all_optional if at_edge else self._chance.random() < OPTIONAL_SHARE

    def _make_array(self, part: Part, name: str, depth: int, at_edge: bool) -> list[Any]:
        first = part.get("prefixItems", [])
        least = max(part.get("minItems", 0), 1 if "contains" in part else 0)
        most = part.get("maxItems")
        if depth >= DEEPEST:
            length = least
        elif at_edge:
            length = self._chance.choice([least, min(most if most is not None else least, MOST_AT_EDGE)])
        else:
            usual = max(least, USUAL_ITEMS, len(first))
            length = (
                self._chance.randint(least or 1, usual) if most is None else self._chance.randint(least, most)
            )
            length = min(length, max(MOST_AT_EDGE, least))
        rest = part.get("items", {})
        if rest is False:
            length = min(length, len(first))
        parts = [first[index] if index < len(first) else rest for index in range(length)]
        items = [self._make(each, name.removesuffix("s"), depth + 1, at_edge) for each in parts]
        if "contains" in part and items:
            items[0] = self._make(part["contains"], name, depth + 1, at_edge)
        return self._make_unique(items, parts, name, depth) if part.get("uniqueItems") else items

    def _make_unique(self, items: list[Any], parts: list[Any], name: str, depth: int) -> list[Any]:
        found: list[Any] = []
        for item, part in zip(items, parts, strict=True):
            for _ in range(TRIES):
                if item not in found:
                    found.append(item)
                    break
                item = self._make(part, name, depth + 1, at_edge=False)
        return found

    def _make_string(self, part: Part, name: str, at_edge: bool) -> str:
        least, most = part.get("minLength", 0), part.get("maxLength")
        if "pattern" in part:
            return make_matching(self._fake, part["pattern"])
        text = make_text(self._fake, name, part.get("format"))
        if part.get("format"):
            return text
        if at_edge:
            length = self._chance.choice([least, min(most if most is not None else least or 1, MOST_AT_EDGE)])
            return fit_length(self._fake, text, length, length)
        return fit_length(self._fake, text, least, most)


def _count_nested(part: Part) -> int:
    """How much a part may hold in turn: none for a number or null."""
    return len(part.get("properties", ())) + 10 * ("items" in part or "anyOf" in part or "oneOf" in part)
