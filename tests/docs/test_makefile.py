"""The Makefile: it lists its targets, says what it lacks, and does no work twice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = re.findall(r"^\.PHONY: ([\w-]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
MODEL = "models/insurance_charges_model.skops"
Make = Callable[..., subprocess.CompletedProcess[str]]

OLD = 'exec {python} -c "import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])" "$2"'
WILLING = """echo "$*" >> said
case "$*" in
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m service.training") mkdir -p models && touch {model} ;;
esac"""
BARE = 'case "$2" in *ensurepip*) exit 1 ;; esac; exec {python} "$@"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds the Makefile and the pins, and nothing else yet."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def make(folder: Path) -> Make:
    """Call with make's words: what came of them in `folder`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
        )

    return run


@pytest.fixture
def python_that(tmp_path: Path) -> Callable[[str], str]:
    """Call with a shell script: a command that stands in for Python and behaves so."""

    def write(script: str) -> str:
        path = tmp_path / "python-of-a-kind"
        path.write_text(f"#!/bin/sh\n{script.format(python=sys.executable, model=MODEL)}\n")
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def prepared(folder: Path) -> Path:
    """The folder once environment and model have been made."""
    pins, stamps = ("requirements.txt", "requirements-dev.txt"), (".venv/.run-ready", ".venv/.dev-ready")
    now = time.time()
    for age_s, name in zip((4, 4, 3, 2, 1), (*pins, *stamps, MODEL), strict=True):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (now - age_s, now - age_s))
    return folder


def test_make_alone_lists_every_target_with_a_line_of_help(make: Make) -> None:
    listed = re.findall(r"^  make (\S+) +\S.*$", make().stdout, re.MULTILINE)
    assert listed == TARGETS
    assert {"loadtest", "test", "web", "serve", "train", "profile", "report", "check"} <= set(listed)


def test_the_readme_and_ci_rely_on_targets_there_are(make: Make) -> None:
    assert "make check PYTEST_OPTIONS=--no-skips" in (ROOT / ".ci/run").read_text()
    assert make("-n", "check", "PYTEST_OPTIONS=--no-skips").stdout.rstrip().endswith("pytest -n 3 --no-skips")


def test_a_mistyped_variable_is_told(make: Make) -> None:
    """It would have no effect; those that are known, or go to the environment, say nothing."""
    told = "SCENARO is no variable of this Makefile; there are PYTHON SCENARIO"
    assert told in make("SCENARO=smoke").stderr
    assert make("SCENARIO=smoke", "LOADTEST_HEADERS=X: y").stderr == ""


def test_every_variable_the_makefile_offers_is_known_to_it() -> None:
    text = (ROOT / "Makefile").read_text()
    offered = set(re.findall(r"^([A-Z_]+) \?=", text, re.MULTILINE))
    known = re.search(r"^VARIABLES := ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert known is not None
    assert offered <= set(known[1].replace("\\\n", " ").split())


@pytest.mark.parametrize("target", ["loadtest", "test"])
def test_too_old_a_python_is_told(
    make: Make, python_that: Callable[[str], str], tmp_path: Path, target: str
) -> None:
    old = python_that(OLD)
    done = make(target, f"PYTHON={old}")
    assert done.returncode == 2
    assert (
        f"{old} is Python 3.9; this project needs 3.11 to 3.13. Name one: make PYTHON=python3.12"
        in done.stderr
    )
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_venv_is_told(make: Make, python_that: Callable[[str], str], tmp_path: Path) -> None:
    bare = python_that(BARE)
    done = make("loadtest", f"PYTHON={bare}")
    assert done.returncode == 2
    assert f"{bare} has no venv module. On Debian or Ubuntu: apt-get install python3-venv" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_the_first_run_makes_environment_and_model(make: Make) -> None:
    planned = make("-n", "loadtest").stdout
    assert planned.index("-m venv") < planned.index("-m pip") < planned.index("-m service.training")
    assert planned.rstrip().splitlines()[-1].startswith(".venv/bin/python -m loadtests")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("loadtest",), '-m loadtests --scenario "staged" --out "results"'),
        (("loadtest", "SCENARIO=smoke", "OUT=runs"), '-m loadtests --scenario "smoke" --out "runs"'),
        (("serve", "PORT=9"), "-m service --port 9 --workers 1"),
        (("profile",), "-m service.profiling"),
        (("test", "TEST_PROCESSES=2"), "-m pytest -n 2"),
        (("train", "DATA=mine.csv"), '-m service.training --data "mine.csv"'),
    ],
)
@pytest.mark.usefixtures("prepared")
def test_no_work_is_done_twice(make: Make, words: tuple[str, ...], command: str) -> None:
    """Once environment and model are there, a target is its one command."""
    assert make("-n", *words).stdout.split() == f".venv/bin/python {command}".split()


def test_what_was_prepared_is_not_prepared_again(
    make: Make, python_that: Callable[[str], str], folder: Path
) -> None:
    """Carried out by a Python that makes files and notes what it was told."""
    python, said = f"PYTHON={python_that(WILLING)}", folder / "said"
    assert make("loadtest", python).returncode == 0
    first = said.read_text().splitlines()
    for work in ("-m venv", "-m pip install", "-m service.training", "-m loadtests"):
        assert sum(line.startswith(work) for line in first) == 1, work
    said.unlink()
    assert make("loadtest", python).returncode == 0
    assert said.read_text() == "-m loadtests --scenario staged --out results\n"


def test_a_service_that_runs_already_needs_no_model(make: Make, prepared: Path) -> None:
    (prepared / MODEL).unlink()
    planned = make("-n", "loadtest", "HOST=http://127.0.0.1:1").stdout
    assert "training" not in planned
    assert planned.rstrip().endswith('--host "http://127.0.0.1:1"')


def test_new_pins_renew_the_environment(make: Make, prepared: Path) -> None:
    later = time.time() + 10
    os.utime(prepared / "requirements.txt", (later, later))
    assert "-m pip install" in make("-n", "loadtest").stdout


def test_clean_leaves_the_runs(make: Make, prepared: Path) -> None:
    (prepared / "results").mkdir()
    assert make("clean").returncode == 0
    assert (prepared / "results").exists()
    assert not (prepared / ".venv").exists()
