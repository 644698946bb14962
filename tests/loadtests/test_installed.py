"""The wheel in an empty environment, used from a folder that is full of other things."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.extended]

ROOT = Path(__file__).parents[2]
PATIENCE_S = 580.0
MOST_MB = 520
"""What the generator alone may take, in millions of bytes; docs/installation.md tells what takes it."""
NOT_FOR_THE_GENERATOR = ("fastapi", "grpc", "ml_base", "opentelemetry", "pandas", "scipy", "skops", "sklearn")
SCENARIO = """
description: Two users for two seconds.
load: {users: [{constant: 2, for: 2s}]}
traffic:
  endpoints: [{name: score, path: /score, payload: {file: bodies.jsonl}, reply: {finite: charges}}]
objectives: [p99 latency <= 300 s]
"""


def run(*words: object, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**clean, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def run_well(*words: object, folder: Path) -> str:
    done = run(*words, folder=folder)
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run_well(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def wheelhouse(wheel: Path, request: pytest.FixtureRequest) -> Path:
    """The pinned packages that the wheel requires; downloaded once, as long as the pins stay the same."""
    pins = re.findall(r"^[^ #\n].*?==[^\\\n]*", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    text = "\n".join(pins)
    key = hashlib.sha256(f"{sys.version_info[:2]}{text}".encode()).hexdigest()[:12]
    place = Path(os.environ.get("XDG_CACHE_HOME", "/var/tmp")) / "model-load-tests" / f"wheels-{key}"  # noqa: S108
    place.mkdir(parents=True, exist_ok=True)
    constraints = wheel.with_name("constraints.txt")
    constraints.write_text(text)
    download = (sys.executable, "-m", "pip", "download", "-q", "--find-links", place, "-d", place)
    done = run(*download, "-c", constraints, wheel, folder=place)
    for own in place.glob("model_load_tests-*"):
        own.unlink()
    if done.returncode:
        sentence = f"needs a package index: {done.stderr.strip().splitlines()[-1]}"
        (pytest.fail if request.config.getoption("--no-skips") else pytest.skip)(sentence)
    return place


@pytest.fixture(scope="module")
def environment(wheel: Path, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the commands of an environment that holds the wheel, and no pip beside it."""
    place = tmp_path_factory.mktemp("environment")
    run_well(sys.executable, "-m", "venv", "--without-pip", place, folder=place)
    python = place / "bin" / "python"
    install = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index")
    run_well(*install, "--find-links", wheelhouse, wheel, folder=place)
    return place / "bin"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with packages and modules that bear names of ours and of libraries, and raise if imported."""
    for name in ("configuration", "loadtests", "reports", "service", "shapes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('of another project')\n")
    for name in ("faker", "psutil", "pyarrow"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('of another project')\n")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "scenarios" / "bodies.jsonl").write_text('{"age": 40}\n')
    return tmp_path


def test_the_generator_alone_is_installed_without_what_the_service_needs(environment: Path) -> None:
    (packages,) = environment.parent.glob("lib/python*/site-packages")
    assert [name for name in NOT_FOR_THE_GENERATOR if (packages / name).exists()] == []
    size = sum(path.lstat().st_size for path in environment.parent.rglob("*") if path.is_file())
    assert size <= MOST_MB * 1e6


@pytest.mark.parametrize("processes", [(), ("--processes", "2")])
@pytest.mark.parametrize("scenario", ["mine", "scenarios/mine.yaml"])
def test_a_load_test_runs_beside_files_with_the_same_names(
    environment: Path, foreign: Path, obedient: Any, scenario: str, processes: tuple[str, ...]
) -> None:
    command = environment / "model-loadtest"
    said = run_well(
        command, "run", "--scenario", scenario, "--host", obedient.host, *processes, folder=foreign
    )
    assert "verdict: pass (exit code 0)" in said
    assert (foreign / "results" / "latest" / "report.html").is_file()
    assert "objective" in run_well(command, "show", folder=foreign)


def test_a_scenario_of_ones_own_is_listed_and_checked(environment: Path, foreign: Path) -> None:
    command = environment / "model-loadtest"
    assert re.search(r"^mine +Two users for two seconds\.$", run_well(command, "list", folder=foreign), re.M)
    assert "2 users" in run_well(command, "check", "mine", folder=foreign)


def test_the_suites_own_service_names_the_extra_that_it_needs(environment: Path, foreign: Path) -> None:
    done = run(environment / "model-loadtest", "run", "--scenario", "smoke", folder=foreign)
    assert done.returncode == 2
    assert "pip install 'model-load-tests[service]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("hidden", ["reports/__init__.py", "shapes.py"])
def test_a_clash_in_the_folder_of_a_locustfile_is_told(
    environment: Path, tmp_path: Path, hidden: str
) -> None:
    (tmp_path / hidden).parent.mkdir(exist_ok=True)
    (tmp_path / hidden).write_text("")
    (tmp_path / "own.py").write_text("from loadtests.locustfile import PacedUser\n")
    done = run(environment / "locust", "-f", "own.py", "--headless", folder=tmp_path)
    assert done.returncode == 2
    name = hidden.partition("/")[0].removesuffix(".py")
    assert f"hides this suite's package '{name}': rename it" in done.stderr
    assert "Traceback" not in done.stderr
