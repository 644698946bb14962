"""deploy/compose.yaml and deploy/stack, without starting anything."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy/compose.yaml"
BIN = Path(sys.executable).parent
TABLE_ROW = re.compile(
    r"^\| `([a-z0-9]+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \| (\d+ .iB[^|]*) \|$", re.MULTILINE
)
ONE_SHOT = "k6"
"""It runs and ends: nobody asks for its health."""


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    """The file, with what its anchors say in place."""
    values: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return values


@pytest.fixture(scope="module")
def services(stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parts: dict[str, dict[str, Any]] = stack["services"]
    return parts


def test_it_is_what_the_compose_specification_allows(request: pytest.FixtureRequest) -> None:
    """By the specification's own JSON schema, which check-jsonschema carries."""
    if importlib.util.find_spec("check_jsonschema") is None:
        sentence = "needs check-jsonschema: pip install -r requirements-dev.txt"
        (pytest.fail if request.config.getoption("--no-skips") else pytest.skip)(sentence)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout


def test_podman_compose_reads_it_and_fills_in_the_variables(path_with: Callable[..., Path]) -> None:
    """It asks podman for its version; a stand-in answers."""
    path = path_with(podman="echo podman version 5.0.0")
    command = [BIN / "podman-compose", "-f", COMPOSE, "--profile", "k6", "config"]
    environment = {"PATH": str(path), "LOAD_WORKERS": "7", "SCENARIO": "spike", "WEB_PORT": "9"}
    environment |= {"VUS": "10", "RAMP": "5s"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert services["worker"]["deploy"]["replicas"] == "7"
    assert {"--expect-workers=7", "--scenario=spike"} <= set(services["master"]["command"])
    assert services["master"]["ports"] == ["127.0.0.1:9:8089"]
    load = {"VUS": "10", "RAMP": "5s", "RATE": "", "PLAN": "", "DURATION": "30s"}
    assert load.items() <= services["k6"]["environment"].items()


def test_ports_are_open_to_this_machine_only(services: dict[str, dict[str, Any]]) -> None:
    ports = {name: part.get("ports", []) for name, part in services.items()}
    assert [port for each in ports.values() for port in each if not port.startswith("127.0.0.1:")] == []
    inside = sorted(int(port.rsplit(":", 1)[1]) for each in ports.values() for port in each)
    assert inside == [3000, 4318, 8000, 8089, 9090, 16686]


def test_no_container_may_more_than_it_needs(services: dict[str, dict[str, Any]]) -> None:
    for name, part in services.items():
        assert part["read_only"], name
        assert part["cap_drop"] == ["ALL"], name
        assert part["security_opt"] == ["no-new-privileges:true"], name
        assert part["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}, name
        written = {volume.split(":")[0] for volume in part.get("volumes", []) if ":ro" not in volume}
        assert written <= {"${RESULTS", "prometheus"}, name


def test_each_container_is_asked_whether_it_is_well(services: dict[str, dict[str, Any]]) -> None:
    for name, part in services.items():
        assert ("test" in part["healthcheck"]) == (name != ONE_SHOT), name
        for needed, how in part.get("depends_on", {}).items():
            assert (needed in services, how) == (True, {"condition": "service_healthy"}), name


def test_images_have_a_version_and_ours_is_the_projects(services: dict[str, dict[str, Any]]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    ours = {name for name, part in services.items() if part["image"] == f"model-load-tests:{version}"}
    assert ours == {"service", "master", "worker"}
    assert [name for name in services if "build" in services[name]] == ["service"]
    for name in services.keys() - ours:
        assert re.fullmatch(r"docker\.io/\w+/\w+:v?\d+\.\d+\.\d+", services[name]["image"]), name


def test_what_is_mounted_exists(services: dict[str, dict[str, Any]]) -> None:
    """Where nothing is, an engine would make an empty folder, as root."""
    sources = {volume.split(":")[0] for part in services.values() for volume in part.get("volumes", [])}
    folders = {source for source in sources if source.startswith(".")}
    assert len(folders) == 6
    assert [source for source in folders if not (COMPOSE.parent / source).is_dir()] == []


def test_the_document_says_each_containers_image_memory_and_whom_it_waits_for(
    services: dict[str, dict[str, Any]],
) -> None:
    told = {row[0]: row[1:] for row in re.findall(TABLE_ROW, (ROOT / "docs/compose.md").read_text())}
    for name, part in services.items():
        image, awaited, memory = told.pop(name)
        assert re.findall(r"`(\w+)`", awaited) == list(part.get("depends_on", {})), name
        assert image.strip("`") in (part["image"].removeprefix("docker.io/"), "the same"), name
        limit = part["deploy"]["resources"]["limits"]["memory"]
        assert memory.split()[:2] == [limit[:-1], f"{limit[-1]}iB"], name
    assert not told


def stack_command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "deploy/stack", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


DOCKER = 'echo "docker $*, as $RUN_AS, of $COMPOSE_FILE"'
PODMAN_COMPOSE = 'echo "podman-compose $*, as $RUN_AS"'


def test_docker_compose_starts_the_stack_where_its_engine_answers(path_with: Callable[..., Path]) -> None:
    """As whoever calls it, so that the runs in results/ are theirs; the ports told are those asked for."""
    path = path_with(docker=DOCKER, id="echo 501", mkdir="exit 0")
    done = stack_command("up", PATH=str(path), WEB_PORT="9089")
    assert done.returncode == 0, done.stderr
    assert "docker compose up --detach --wait --build, as 501:501, of deploy/compose.yaml" in done.stdout
    assert "http://127.0.0.1:9089 " in done.stdout
    assert "http://127.0.0.1:3001 " in done.stdout


@pytest.mark.parametrize(("number", "user"), [("0", "0:0"), ("501", "0:0")])
def test_podman_compose_is_taken_without_a_docker_engine(
    path_with: Callable[..., Path], number: str, user: str
) -> None:
    """Without root, podman's own user is the containers' root."""
    scripts = {"podman-compose": PODMAN_COMPOSE}
    path = path_with(docker="exit 1", podman="exit 0", id=f"echo {number}", mkdir="exit 0", **scripts)
    done = stack_command("up", "--no-build", PATH=str(path))
    assert f"podman-compose up --detach --wait --no-build, as {user}" in done.stdout, done.stderr


def test_down_removes_volumes_and_what_a_profile_started(path_with: Callable[..., Path]) -> None:
    path = path_with(docker=DOCKER, id="echo 501")
    done = stack_command("down", PATH=str(path))
    assert "docker compose --profile k6 down --volumes --remove-orphans, as 501" in done.stdout


def test_without_an_engine_the_stack_says_what_to_install(path_with: Callable[..., Path]) -> None:
    done = stack_command("up", PATH=str(path_with(docker="exit 1")))
    assert done.returncode == 1
    assert done.stderr == (
        "No docker compose with its engine here, and no podman with podman-compose: install one of the two.\n"
    )


def test_any_other_word_is_composes_own(path_with: Callable[..., Path]) -> None:
    """With what `up` was told of the user, so that nothing is made anew for another."""
    path = path_with(docker=DOCKER, id="echo 501")
    done = stack_command("--profile", "k6", "run", "--rm", "k6", PATH=str(path))
    assert "docker compose --profile k6 run --rm k6, as 501:501" in done.stdout


def test_without_a_word_it_says_what_it_takes(path_with: Callable[..., Path]) -> None:
    done = stack_command(PATH=str(path_with(id="echo 1")), COMPOSE="true")
    assert (done.returncode, done.stderr) == (
        2,
        "usage: deploy/stack up|down, or any other command of compose\n",
    )


def test_a_health_check_of_a_part_there_is_not_is_told() -> None:
    command = [sys.executable, ROOT / "deploy/healthcheck", "webmaster"]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert "healthcheck worker" in done.stderr
