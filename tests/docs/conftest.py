"""The documents, taken apart: code blocks, inline code, tables, links, headings, and the commands in them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PARTS = re.compile(r"&&|\s>\s\S+")
"""What is between the commands of a line: a file that takes the output of one, too."""
_ASSIGNMENT = re.compile(r"[A-Z][A-Z_]*=.*", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A command as a document tells it: variables set before it, its words, where it stands."""

    variables: tuple[str, ...]
    words: tuple[str, ...]
    document: str

    @property
    def module(self) -> str | None:
        """The module of `python -m module`, or the command's own name where it is one of `.venv/bin`."""
        name, *rest = self.words
        if Path(name).name == "python" and rest[:1] == ["-m"]:
            return rest[1]
        return Path(name).name if name.startswith(".venv/bin/") or name in ("locust", "pytest") else None

    @property
    def options(self) -> set[str]:
        """Its long options."""
        return {word.partition("=")[0] for word in self.words if re.match(r"--[a-z]", word)}

    def __str__(self) -> str:
        return f"{self.document}: {shlex.join(self.words)}"


@dataclass(frozen=True)
class Document:
    """A Markdown file."""

    name: str
    text: str

    @cached_property
    def blocks(self) -> list[tuple[str, str]]:
        """Language and content of each fenced block."""
        return _FENCED.findall(self.text)

    @cached_property
    def prose(self) -> str:
        """All but the fenced blocks."""
        return _FENCED.sub("", self.text)

    @cached_property
    def codes(self) -> list[str]:
        """Inline code."""
        return _INLINE.findall(self.prose)

    @cached_property
    def links(self) -> list[str]:
        """Where links and pictures lead."""
        return _LINK.findall(_INLINE.sub("", self.prose))

    @cached_property
    def anchors(self) -> set[str]:
        """Fragments of the headings, as GitHub makes them."""
        return {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in _HEADING.findall(self.prose)
        }

    @cached_property
    def commands(self) -> list[Command]:
        """The commands in `sh` blocks, and those that stand in the text as inline code."""
        lines = [line for language, code in self.blocks if language == "sh" for line in code.splitlines()]
        lines += [code for code in self.codes if re.match(r"(make|python -m|locust) ", code)]
        return [made for line in lines for part in _PARTS.split(line) if (made := self._command(part))]

    def _command(self, line: str) -> Command | None:
        words = shlex.split(line, comments=True)
        count = next((i for i, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
        names = tuple(word.partition("=")[0] for word in words[:count])
        return Command(names, tuple(words[count:]), self.name) if words else None

    def table(self, *heads: str) -> list[list[str]]:
        """The cells of the table that begins with these heads, inline code laid bare."""
        start = f"| {' | '.join(heads)}"
        lines = self.text.splitlines()
        places = [i for i, line in enumerate(lines) if line.startswith(start)]
        assert len(places) == 1, f"{self.name} has {len(places)} tables that begin with {start!r}"
        rows = []
        for line in lines[places[0] + 2 :]:
            if not line.startswith("|"):
                break
            rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
        return rows


@pytest.fixture(scope="session")
def documents() -> dict[str, Document]:
    """Each document by its path in the repository."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    names = sorted(str(path.relative_to(ROOT)) for path in paths)
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= set(names)
    return {name: Document(name, (ROOT / name).read_text(encoding="utf-8")) for name in names}


@pytest.fixture(scope="session")
def readme(documents: dict[str, Document]) -> Document:
    return documents["README.md"]


@pytest.fixture(scope="session")
def architecture(documents: dict[str, Document]) -> Document:
    return documents["ARCHITECTURE.md"]


@pytest.fixture(scope="session")
def commands(documents: dict[str, Document]) -> list[Command]:
    """All commands of all documents."""
    return [command for document in documents.values() for command in document.commands]


@pytest.fixture(scope="session")
def committed() -> list[Path]:
    """Every file of the repository, relative to it, but for those that .gitignore leaves out."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [".git", *(line.strip("/") for line in lines if line and not line.startswith("#"))]
    found = []
    for folder, folders, files in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)

        def kept(name: str, here: Path = here) -> bool:
            return not any(fnmatch(name, each) or fnmatch(str(here / name), each) for each in ignored)

        folders[:] = filter(kept, folders)
        found += [here / name for name in filter(kept, files)]
    return sorted(found)


@pytest.fixture(scope="session")
def help_of() -> Callable[..., str]:
    """Call with a module and its subcommands: what it prints when asked for help."""

    @cache
    def ask(module: str, *words: str) -> str:
        command = [sys.executable, "-m", module, *words, "--help"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ask
