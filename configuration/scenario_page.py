"""The reference page of scenarios, made of their schema and of the docstrings of the modules that read them.

`python -m configuration.scenario_page` writes docs/scenarios.md and docs/scenario.schema.json.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from configuration.scenario_schema import build_scenario_schema
from configuration.schema_parts import DURATION, MULTIPLE, RATE, SchemaPart
from configuration.yaml_loader import MOST_BYTES, MOST_VALUES

HERE: Final = Path(__file__).parent
DOCS: Final = HERE.parent / "docs"
_INTRODUCTION: Final = """\
# Scenarios

Every key of a scenario file, generated from the code. The [README](../README.md#your-own-service) shows how \
to write one, `--check` reads one and reports all its mistakes with their lines.

[scenario.schema.json](scenario.schema.json) is the same as a JSON schema. With this as its first line, \
editors that use yaml-language-server complete and check a scenario as it is typed:

```yaml
# yaml-language-server: $schema=scenario.schema.json
```

A file may have {most_bytes:,} bytes and {most_values:,} values, an alias counted with all that it stands \
for; a load may last a year, warm-up and judged part each. These limits, and those in the tables, stop \
mistakes and hostile files, not load tests: if one stops yours, please open an issue.
"""
_UNITS: Final = (
    (DURATION, "duration such as 30s"),
    (RATE, "rate such as 300/s"),
    (MULTIPLE, "multiple such as 2x"),
)


class PageSection(NamedTuple):
    """A part of the page: its heading, the module whose docstring it shows, the definitions it lists."""

    heading: str
    module: str
    definitions: tuple[str, ...]


SECTIONS: Final = (
    PageSection("The whole file", "scenario", ("", "generator", "abort")),
    PageSection("Load", "load", ("load", "replay")),
    PageSection("Segments of a load", "segments", ("segmentOfUsers",)),
    PageSection("Traffic", "traffic", ("traffic",)),
    PageSection("Credentials", "credentials", ("credentials",)),
    PageSection("Endpoints", "endpoint", ("endpoint", "grpc")),
    PageSection("Replies", "reply", ("reply",)),
    PageSection("Fields of replies", "reply_fields", ("replyField",)),
    PageSection("Parity", "parity", ("parity",)),
    PageSection("Payloads", "payload", ("payload",)),
    PageSection("Fields", "fields", ("field", "number")),
    PageSection("Journeys and logins", "journey", ("journey", "step")),
    PageSection("Readiness and metrics", "service_paths", ("service",)),
)


def write_page() -> str:
    """The page as Markdown."""
    schema = build_scenario_schema()
    introduction = _INTRODUCTION.format(most_bytes=MOST_BYTES, most_values=MOST_VALUES)
    return introduction + "".join(text for section in SECTIONS for text in _write_section(section, schema))


def write_schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(build_scenario_schema(), indent=2) + "\n"


def _write_section(section: PageSection, schema: SchemaPart) -> Iterator[str]:
    yield f"\n## {section.heading}\n\n{_format_docstring(section.module)}\n"
    for name in section.definitions:
        rows = dict(_list_keys(schema["$defs"][name] if name else schema))
        title = f"`{name}`" if name else "the file"
        yield f"\n| key of {title} | value | meaning |\n|---|---|---|\n"
        yield from (f"| `{key}` | {form} | {meaning} |\n" for key, (form, meaning) in rows.items())


def _list_keys(part: SchemaPart) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each key of a mapping, or of all its alternatives: the form of its value, and its description."""
    alternatives = part.get("anyOf") or [part]
    for alternative in alternatives:
        if "$ref" in alternative:
            continue  # it has a table of its own
        for key, value in alternative.get("properties", {}).items():
            is_needed = all(key in each.get("required", ()) for each in alternatives)
            meaning = str(value.get("description", ""))
            yield key, (_describe(value), f"{meaning} Required." if is_needed else meaning)


def _describe(part: Mapping[str, Any]) -> str:
    """The form of a value in words."""
    for known, words in _UNITS:
        if part.get("pattern") == known["pattern"]:
            return words
    if "$ref" in part:
        return f"`{part['$ref'].rpartition('/')[2]}`"
    if "anyOf" in part:
        return ", or ".join(dict.fromkeys(map(_describe, part["anyOf"])))
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join(f"`{each}`" for each in part["enum"])
    return _describe_type(part)


def _describe_type(part: Mapping[str, Any]) -> str:
    match part.get("type"):
        case "array":
            items = _describe(part["items"]) if "items" in part else "anything"
            return f"two of: {items}" if part.get("maxItems") == 2 else f"list of: {items}"
        case "object":
            return _describe_mapping(part)
        case "integer" | "number" as kind:
            what = "whole number" if kind == "integer" else "number"
            return " ".join([what, *_describe_range(part)])
        case "boolean":
            return "true or false"
        case "null":
            return "null"
        case "string":
            return "text"
    return "anything"


def _describe_mapping(part: Mapping[str, Any]) -> str:
    if part.get("properties"):
        return "mapping of " + ", ".join(f"`{key}`" for key in part["properties"])
    inner = part.get("additionalProperties")
    return f"names to: {_describe(inner)}" if isinstance(inner, dict) and inner else "mapping"


def _describe_range(part: Mapping[str, Any]) -> Iterator[str]:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    yield from (f"{word} {part[key]:,}" for key, word in words.items() if key in part)


def _format_docstring(module: str) -> str:
    """A module's docstring: its sentences, and its indented examples as blocks of YAML."""
    text = ast.get_docstring(ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))) or ""
    if module == "fields":  # all but its first line is an example
        first, _, rest = text.partition("\n\n")
        return f"{first}\n\n```yaml\n{rest.rstrip()}\n```"
    blocks = []
    for block in re.split(r"\n\n(?=\S)|\n\n(?=    )", text):
        if block.startswith("    "):
            lines = [line.removeprefix("    ").rstrip() for line in block.splitlines()]
            blocks.append("```yaml\n" + "\n".join(lines) + "\n```")
        else:
            blocks.append(" ".join(block.split()))
    return "\n\n".join(blocks)


def main() -> None:
    """Write the page and the schema into docs."""
    (DOCS / "scenarios.md").write_text(write_page(), encoding="utf-8")
    (DOCS / "scenario.schema.json").write_text(write_schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
