"""The layout is what ARCHITECTURE.md says: rooms import downwards, in no circle, and no module is long."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from statistics import median
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shapes", "reports", "capacity", "configuration", "autoscaling", "loadtests", "service")
DIVIDED = ("loadtests", "reports", "service")
MOST_LINES = 300
MEDIAN_LINES = 150


@cache
def modules() -> dict[str, Path]:
    """Every module of the project's packages by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of the project that a module imports anywhere, be it in a function or for types only."""
    known = modules()

    def named() -> Iterator[str]:
        for node in ast.walk(ast.parse(known[module].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module}: imports are absolute"
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in known else node.module or ""

    return frozenset(name for name in named() if name in known and name != module)


def room_of(module: str) -> str:
    """`loadtests.client` for each module in it; the package for what lies directly in one."""
    package, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    return room if package in DIVIDED and (ROOT / package / room).is_dir() else ""


def rooms(package: str) -> list[str]:
    return sorted(path.parent.name for path in (ROOT / package).glob("*/__init__.py"))


@pytest.mark.parametrize("package", DIVIDED)
def test_rooms_import_what_the_table_allows_and_only_downwards(architecture: Any, package: str) -> None:
    """From the top floor down: each row names only rooms of later rows, and all that it imports."""
    table = {row[0].strip("`"): row[2] for row in architecture.table(f"room of {package}")}
    assert sorted(table) == rooms(package)
    order = list(table)
    for place, (room, cell) in enumerate(table.items()):
        allowed = [] if cell == "–" else [name.strip("` ") for name in cell.split(",")]
        assert set(allowed) <= set(order[place + 1 :]), f"{room} may import only rooms below it"
        found = {
            room_of(name)
            for module in modules()
            if module.startswith(f"{package}.{room}.")
            for name in imports(module)
            if name.startswith(f"{package}.")
        } - {room}
        assert found == set(allowed), f"{package}/{room} imports {sorted(found)}, the table says {allowed}"


def test_no_module_imports_itself_in_a_circle() -> None:
    """Whatever the rooms: a depth-first walk over all imports meets no module that it is in."""
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for name in imports(module):
                walk(name, (*path, module))
            done.add(module)

    for module in modules():
        walk(module, ())


def test_a_room_says_in_a_sentence_what_it_is_for() -> None:
    for package in DIVIDED:
        for room in rooms(package):
            text = (ROOT / package / room / "__init__.py").read_text(encoding="utf-8")
            sentence = ast.get_docstring(ast.parse(text)) or ""
            assert sentence.endswith("."), f"{package}/{room}"
            assert "\n" not in sentence, f"{package}/{room}"


def test_nothing_directly_in_loadtests_bears_the_name_of_another_module() -> None:
    """Locust puts the locustfile's folder first on the path, so such a name would hide the module."""
    taken = set(sys.stdlib_module_names) | packages_distributions().keys() - set(PACKAGES)
    ours = {path.stem for path in (ROOT / "loadtests").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not ours & taken - {"__pycache__"}


def test_modules_are_short() -> None:
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items()}
    assert not {name: count for name, count in lines.items() if count > MOST_LINES}
    for package in PACKAGES:
        assert median(count for name, count in lines.items() if name.startswith(package)) <= MEDIAN_LINES


def test_a_type_has_one_name_in_the_whole_project() -> None:
    """A public class is defined once: who searches for its name finds one thing."""
    seen: dict[str, str] = {}
    for module, path in modules().items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert node.name not in seen, f"{node.name}: in {seen[node.name]} and in {module}"
                seen[node.name] = module
