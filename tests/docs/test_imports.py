"""Packages import each other as ARCHITECTURE.md's table allows, read from the syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shapes", "reports", "capacity", "configuration", "autoscaling", "loadtests", "service")


def imported(module: Path) -> Iterator[str]:
    """The top-level names that a module imports anywhere, be it in a function or for types only."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            yield (node.module or "").partition(".")[0]


def importers(package: str, name: str) -> set[str]:
    """The modules of `package` that import `name`."""
    modules = (ROOT / package).rglob("*.py")
    return {module.name for module in modules if name in imported(module)}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_what_the_table_allows(architecture: Any, package: str) -> None:
    heads = re.findall(r"^\| may import \| (.*) \|$", architecture.text, re.MULTILINE)[0].lower().split(" | ")
    assert set(heads) == {*PACKAGES, "locust"}
    (row,) = [row for row in architecture.table("may import") if row[0] == package]
    for name, cell in zip(heads, row[1:], strict=True):
        found = importers(package, name)
        if cell == "no":
            assert not found, f"{package} imports {name} in {found}"
        elif cell.startswith("only "):
            assert found == {cell.removeprefix("only ")}
        else:
            assert cell == ("–" if name == package else "yes")


def test_nobody_may_import_the_service(architecture: Any) -> None:
    heads = ["may import", *PACKAGES[:4]]
    rows = architecture.table(*heads)
    assert {row[1 + PACKAGES.index("service")] for row in rows if row[0] != "service"} == {"no"}


def test_each_package_is_in_the_table_and_in_the_house(architecture: Any) -> None:
    assert [row[0] for row in architecture.table("may import")] == list(PACKAGES)
    house = architecture.blocks[0][1]
    assert {line.split("/")[0] for line in house.splitlines()} >= set(PACKAGES)


@pytest.mark.parametrize("package", ["reports", "configuration", "capacity", "autoscaling", "service"])
def test_what_is_computed_needs_no_locust(package: str) -> None:
    """Whatever the table says: these can be used and tested without the load generator."""
    assert importers(package, "locust") | importers(package, "loadtests") == set()
