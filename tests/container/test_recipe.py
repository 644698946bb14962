"""The Dockerfile and the scripts beside it, without building anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "deploy" / script, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "became"),
    [
        (["service"], "-m service --host 0.0.0.0 --port 8000"),
        (["service", "--port", "9"], "-m service --host 0.0.0.0 --port 8000 --port 9"),
        (["loadtest", "--scenario", "smoke"], "-m loadtests --scenario smoke"),
        (["python", "-m", "reports"], "-m reports"),
    ],
)
def test_the_command_picks_the_part(
    path_with: Callable[..., Path], arguments: list[str], became: str
) -> None:
    path = path_with(python='echo "$*"')
    assert run("entrypoint", *arguments, PATH=str(path), PORT="8000").stdout.strip() == became


def test_the_generators_image_has_no_service_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    entrypoint = shutil.copy(ROOT / "deploy/entrypoint", tmp_path / "deploy")
    done = subprocess.run([entrypoint, "service"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 2
    assert done.stderr == (
        "This image has the load generator alone: use loadtest --host URL, or the image with the service.\n"
    )


def test_a_variant_is_a_target_with_a_tag_of_its_own(path_with: Callable[..., Path]) -> None:
    path = path_with(git="exit 1", buildah='test "$1" = images && echo "612 MB" || echo "buildah $*"')
    done = run("build-image", PATH=str(path), VARIANT="generator")
    line, said = done.stdout.splitlines()
    assert "--target generator " in line
    assert re.search(r" --tag model-load-tests:[\d.]+-generator \.$", line)
    assert said.endswith("-generator with buildah, 612 MB")


def test_a_variant_that_there_is_not_is_told(path_with: Callable[..., Path]) -> None:
    done = run("build-image", PATH=str(path_with(buildah="exit 0")), VARIANT="small")
    assert done.returncode == 2
    assert done.stderr == (
        "There is no variant small: leave it out, or VARIANT=generator for the load generator alone.\n"
    )


def test_the_generators_image_has_a_part_of_the_pins_of_the_other() -> None:
    """With the same hashes; where a pin is needed (its marker) may differ."""
    whole, part = (
        set(
            re.findall(
                r"^(\S+==\S+)[^\\\n]*((?:\\\n +--hash\S+ ?)+)", (ROOT / name).read_text(), re.MULTILINE
            )
        )
        for name in ("requirements.txt", "requirements-generator.txt")
    )
    names = {pin.partition("==")[0] for pin, _ in part}
    assert names >= {"locust", "numpy", "pyarrow"}
    assert not names & {"fastapi", "pandas", "scikit-learn", "skops"}
    assert part < whole


def test_without_a_builder_the_build_says_what_to_install(path_with: Callable[..., Path]) -> None:
    done = run("build-image", PATH=str(path_with()))
    assert done.returncode == 1
    assert done.stderr == (
        "No docker engine, podman or buildah here: install one (on Debian: apt-get install podman).\n"
    )


def test_a_builder_asked_for_that_is_not_there_is_told(path_with: Callable[..., Path]) -> None:
    """Another one is not taken instead."""
    done = run("build-image", PATH=str(path_with(podman="exit 0")), BUILDER="buildah")
    assert done.returncode == 1
    assert "No buildah here" in done.stderr


@pytest.mark.parametrize(
    ("tools", "became"),
    [
        ({"docker": 'echo "docker $*"', "podman": 'echo "podman $*"'}, "docker build"),
        ({"docker": "exit 1", "podman": 'echo "podman $*"'}, "podman build --format docker"),
        ({"buildah": 'echo "buildah $*"'}, "buildah bud --layers --format docker"),
    ],
    ids=["docker", "docker without its engine", "buildah"],
)
def test_whichever_builder_there_is_builds(
    path_with: Callable[..., Path], tools: dict[str, str], became: str
) -> None:
    """With the image's version and commit, and the login cut from the address of its source."""
    answers = (
        "rev-parse) echo abc ;; show) echo 2026-01-02T03:04:05Z ;; remote) echo https://me:key@host/x ;;"
    )
    path = path_with(git=f"case $1 in {answers} esac", **tools)
    done = run("build-image", "--no-cache", PATH=str(path), IMAGE="name:tag")
    assert done.returncode == 0, done.stderr
    line = done.stdout.splitlines()[0]
    assert line.startswith(f"{became} --build-arg VERSION=")
    assert line.endswith(
        "--build-arg REVISION=abc --build-arg CREATED=2026-01-02T03:04:05Z"
        " --build-arg SOURCE=https://host/x --tag name:tag --no-cache ."
    )


@pytest.mark.parametrize("port", ["1", "not a port"])
def test_the_health_check_fails_where_nothing_answers(port: str, path_with: Callable[..., Path]) -> None:
    path = path_with(python=f'exec {sys.executable} "$@"')
    done = run("healthcheck", PATH=str(path), PORT=port)
    assert done.returncode == 1
    assert done.stderr.startswith("not ready: ")
