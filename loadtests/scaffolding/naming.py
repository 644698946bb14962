"""Names of scenarios, endpoints and files, from what a document calls them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any


def name_scenario(title: str) -> str:
    """A title as the name of a file: lower case, words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or "service"


def name_operation(operation_id: Any, method: str, path: str) -> str:
    """The name that its author gave an operation, or its method and the words of its path.

    FastAPI makes identifiers of a function's name, the path and the method; then the function's name is
    meant, unless it is the name of a class.
    """
    given = str(operation_id or "")
    suffix = re.sub(r"\W", "_", path) + f"_{method.lower()}"
    if given.endswith(suffix):
        given = given.removesuffix(suffix)
        given = given if given == given.lower() else ""
    given = " ".join(re.sub(r"[^\w.-]+", " ", given).split())
    if given:
        return given
    words = re.findall(r"[\w.-]+", re.sub(r"\{.*?\}", "", path), re.ASCII)[-2:]
    return "_".join(words if words and method == "POST" else [method.lower(), *(words or ["root"])])


def make_unique(names: Sequence[str]) -> list[str]:
    """The names, those that occur again with a number."""
    found: list[str] = []
    for name in names:
        number = 2
        unique = name
        while unique in found or unique == "login":
            unique, number = f"{name}_{number}", number + 1
        found.append(unique)
    return found


def name_file(scenario: str, endpoint: str, what: str) -> str:
    """The name of the file with a schema: `orders.create.payload.schema.json`."""
    return f"{scenario}.{name_scenario(endpoint)}.{what}.schema.json"
