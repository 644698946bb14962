"""The image, built and run for real: read-only, without capabilities, as nobody in particular."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.ports import find_free_port

pytestmark = pytest.mark.real
Podman = Callable[..., subprocess.CompletedProcess[str]]
LOCKED = ("--network", "host", "--read-only", "--cap-drop", "all")


@pytest.fixture(scope="module")
def port() -> int:
    return find_free_port()


@pytest.fixture(scope="module")
def container(image: str, podman: Podman, port: int, engine: dict[str, str], run_name: str) -> Iterator[str]:
    """The service in its container, listening."""
    name = f"{run_name}-image"
    podman("run", "--detach", "--name", name, *LOCKED, "--env", f"PORT={port}", image)
    try:
        with subprocess.Popen(
            ["podman", "logs", "--follow", name],
            env=engine,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as logs:
            assert logs.stderr is not None
            assert any("running on" in line for line in logs.stderr), podman("logs", name).stderr
            logs.terminate()
        yield name
    finally:
        podman("rm", "--force", name)


def test_it_predicts(container: str, port: int) -> None:
    person = {"age": 42, "sex": "female", "bmi": 24, "children": 2, "smoker": False, "region": "northwest"}
    address = f"http://127.0.0.1:{port}/api/models/insurance_charges_model/prediction"
    reply = requests.post(address, json=person, timeout=60)
    assert reply.status_code == 200, container
    assert reply.json()["charges"] == pytest.approx(8_640, rel=0.15)


def test_its_health_check_passes(container: str, podman: Podman) -> None:
    podman("healthcheck", "run", container)


def test_it_runs_as_a_user_without_rights(container: str, podman: Podman) -> None:
    assert podman("exec", container, "id", "-u").stdout.strip() == "10001"
    assert podman("exec", container, "touch", "/app/file", check=False).returncode != 0
    status = podman("exec", container, "cat", "/proc/1/status").stdout
    assert "CapEff:\t0000000000000000" in status


def test_its_labels_tell_what_it_is(image: str, podman: Podman) -> None:
    (inspected,) = json.loads(podman("image", "inspect", image).stdout)
    labels = {
        name.removeprefix("org.opencontainers.image."): value for name, value in inspected["Labels"].items()
    }
    wanted = {"title", "description", "created", "source", "version", "licenses", "authors", "base.name"}
    assert wanted <= labels.keys()
    assert labels["base.name"] == "docker.io/library/python:3.11-slim"
    assert labels["version"] != "unknown"


def test_it_holds_no_tests_and_no_tools_of_the_repository(image: str, podman: Podman) -> None:
    folders = podman("run", "--rm", *LOCKED, image, "ls", "-A", "/app").stdout.split()
    assert set(folders) == {
        *("LICENSE", "autoscaling", "capacity", "configuration", "deploy", "loadtests", "models"),
        *("pyproject.toml", "reports", "service", "shapes"),
    }


def test_the_other_command_is_the_load_test(image: str, podman: Podman) -> None:
    assert "staged" in podman("run", "--rm", *LOCKED, image, "loadtest", "--list").stdout


def test_sigterm_ends_it_with_zero(container: str, podman: Podman) -> None:
    """The last test of the container: it is gone afterwards."""
    podman("kill", "--signal", "TERM", container)
    assert podman("wait", container).stdout.strip() == "0"
