"""A place for images outside the repository, with the base image in it, and tools set up to use it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/python:3.11-slim"
IMAGE = "localhost/model-load-tests:test"
NAMES = "model-load-tests-of-"
"""What the names of a run's pods, containers, volumes and networks begin with; its process id follows."""
DEBIAN_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
CERTIFICATES = Path("/etc/ssl/certs")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest, require: Callable[..., None]) -> dict[str, str]:
    """The environment in which podman and buildah build and run without a Docker engine or systemd.

    Layers are kept from session to session below $XDG_CACHE_HOME (/var/tmp), so that only the first is slow.
    """
    require("podman", "buildah", "runc", "debootstrap", "catatonit")
    if os.geteuid() != 0:
        sentence = "needs root: debootstrap makes the base image"
        (pytest.fail if request.config.getoption("--no-skips") else pytest.skip)(sentence)
    place = Path(os.environ.get("XDG_CACHE_HOME", "/var/tmp")) / "model-load-tests" / "containers"  # noqa: S108
    place.mkdir(parents=True, exist_ok=True)
    storage, containers = place / "storage.conf", place / "containers.conf"
    storage.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{place}/images"\nrunroot = "{place}/run"\n'
    )
    containers.write_text(
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
    )
    return {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(storage),
        "CONTAINERS_CONF": str(containers),
        "DISABLE_HC_SYSTEMD": "true",
    }


@pytest.fixture(scope="session")
def podman(engine: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call with podman's words: what came of them; the test fails with their output unless `check=False`."""

    def run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(["podman", *words], env=engine, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0 or not check, f"podman {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def run_name(podman: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    """What names of this run begin with. What runs left behind that were killed is removed before."""
    kinds = (  # pods before their containers, both before what they use
        ("pod ps --format {{.Name}}", "pod rm --force --time 1"),
        ("ps --all --format {{.Names}}", "rm --force --time 1"),
        ("volume ls --format {{.Name}}", "volume rm"),
        ("network ls --format {{.Name}}", "network rm"),
    )
    for listing, removal in kinds:
        for name in podman(*listing.split()).stdout.split():
            owner = re.search(rf"{NAMES}(\d+)", name)
            if owner and not Path("/proc", owner[1]).exists():
                podman(*removal.split(), name, check=False)
    return f"{NAMES}{os.getpid()}"


@pytest.fixture(scope="session")
def base(engine: dict[str, str], podman: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    """The base image: Debian with its Python, bootstrapped under the name the Dockerfile asks for."""
    if podman("image", "exists", BASE, check=False).returncode == 0:
        return BASE
    with tempfile.TemporaryDirectory(prefix="base-", dir=Path(engine["CONTAINERS_CONF"]).parent) as folder:
        bootstrap = ["debootstrap", "--variant=minbase", f"--include={DEBIAN_PACKAGES}", "bookworm", folder]
        done = subprocess.run(bootstrap, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as packed:
            subprocess.run(["podman", "import", "-", BASE], env=engine, stdin=packed.stdout, check=True)
        assert packed.returncode == 0
    return BASE


@pytest.fixture(scope="session")
def image(base: str, engine: dict[str, str]) -> str:
    """The image with service and load generator."""
    del base
    return build_image(engine, IMAGE)


@pytest.fixture(scope="session")
def generator_image(base: str, engine: dict[str, str]) -> str:
    """The image with the load generator alone."""
    del base
    return build_image(engine, f"{IMAGE}-generator", VARIANT="generator")


def build_image(engine: dict[str, str], name: str, **variables: str) -> str:
    """Build an image with deploy/build-image; this machine's certificates and pip settings take part."""
    settings = [CERTIFICATES, Path("/etc/pip.conf")]
    mounts = [f"--volume={path}:{path}:ro" for path in settings if path.exists()]
    command = [
        ROOT / "deploy/build-image",
        *("--isolation", "chroot", "--pull-never", "--network", "host"),
        *mounts,
    ]
    environment = {**engine, "BUILDER": "buildah", "IMAGE": name, **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return name


@pytest.fixture
def path_with(tmp_path: Path) -> Callable[..., Path]:
    """Call with scripts by name: a folder for PATH that holds them and the few commands every system has."""

    def make(**scripts: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        for command in ("bash", "sh", "dirname", "sed", "env", "cat"):
            (folder / command).symlink_to(shutil.which(command) or "")
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        return folder

    return make
