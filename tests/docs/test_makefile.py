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
WITH_MAKE = "LOADTEST_PARENT=$PPID exec "
"""Lets a command end with make."""
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
    """Call with make's words, and what is in the environment: what came of them in `folder`."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *words],
            cwd=folder,
            env=clean | environment,
            capture_output=True,
            text=True,
            timeout=240,
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


def assert_refused(done: subprocess.CompletedProcess[str], *sentences: str) -> None:
    """By make's own exit code, in one line, and before anything is run or, under `make -n`, told."""
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    for sentence in sentences:
        assert sentence in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "loadtest HOTS=http://127.0.0.1:1",
            "HOTS has no effect on 'make loadtest', which takes SCENARIO HOST",
        ),
        ("loadtest HOTS=", "HOTS has no effect on 'make loadtest'"),
        ("HOTS=http://127.0.0.1:1", "HOTS has no effect on 'make help', which takes PYTHON: leave it out or"),
        ("laodtest HOTS=http://127.0.0.1:1", "HOTS has no effect on 'make laodtest'"),
        (
            "help loadtest HOTS=1 HOST=http://127.0.0.1:1",
            "HOTS has no effect on 'make help loadtest' with HOST",
        ),
        ("loadtest WORKERS=4", "WORKERS has no effect on 'make loadtest', which takes SCENARIO HOST"),
        ("loadtest LOAD_WORKERS=3", "LOAD_WORKERS has no effect on 'make loadtest'"),
        ("loadtest LOADTEST_HOST=http://127.0.0.1:1", "LOADTEST_HOST has no effect on 'make loadtest'"),
        ("web PORT=9000", "PORT has no effect on 'make web'"),
        ("serve HOST=http://127.0.0.1:1", "HOST has no effect on 'make serve', which takes PORT"),
        ("stack HOST=http://127.0.0.1:1", "HOST has no effect on 'make stack'"),
        ("stack REST_CONFIG=mine.yaml", "REST_CONFIG has no effect on 'make stack'"),
        ("train profile SCENARIO=smoke", "SCENARIO has no effect on 'make train profile'"),
        ("report RUN=mine OUT=runs", "OUT has no effect on 'make report', which takes RUN"),
    ],
)
def test_a_variable_without_effect_is_refused(make: Make, words: str, told: str) -> None:
    """With one that is mistyped would go what it was meant for, such as the service that was to be tested."""
    assert_refused(make("-n", *words.split()), told)


@pytest.mark.parametrize("name", ["SERVICE", "REST_CONFIG", "DRAIN_NOTICE_S", "OTEL_TRACES_EXPORTER"])
@pytest.mark.parametrize("target", ["loadtest", "web"])
def test_what_a_service_that_runs_already_never_hears_is_refused(make: Make, target: str, name: str) -> None:
    """Whoever names a service and its configuration would think that configuration tested."""
    sentence = f"{name} has no effect on 'make {target}' with HOST"
    assert_refused(make("-n", target, f"{name}=x", "HOST=http://127.0.0.1:1"), sentence)
    assert_refused(make("-n", target, f"{name}=x", HOST="http://127.0.0.1:1"), sentence)


@pytest.mark.parametrize(
    "words",
    [
        "loadtest LOADTEST_HEADERS=X:y,z OTEL_TRACES_EXPORTER=console DRAIN_NOTICE_S=1 REST_CONFIG=mine.yaml",
        "loadtest LOADTEST_HEADERS= LOADTEST_NOTE= OTEL_TRACES_EXPORTER=",
        "web WEB_PORT=1 SERVICE=baseline",
        "stack GRAFANA_PORT=1 TRACED_SHARE=1 LOADTEST_HOST=http://a COMPOSE=mine",
        "image IMAGE=a:b BUILDER=podman",
        "check PYTEST_OPTIONS= TEST_PROCESSES=2",
        "compare-batch TIME_SCALE=0.1 OUT=runs",
        "train loadtest DATA=mine.csv SCENARIO=smoke",
        "serve loadtest HOST=http://127.0.0.1:1 SERVICE=baseline",
        ".venv/.run-ready PYTHON=python3",
        "help __BASH_MAKE_COMPLETION__=1",
    ],
)
def test_what_is_of_use_to_one_of_the_targets_is_taken(make: Make, words: str) -> None:
    """As is what shells give that complete targets."""
    done = make("-n", *words.split())
    assert (done.returncode, done.stderr) == (0, "")


def test_the_environment_may_hold_what_a_target_has_no_use_for(make: Make) -> None:
    done = make("-n", "train", HOTS="x", HOST="", LOAD_WORKERS="3", SERVICE="other", REST_CONFIG="x.yaml")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_another_make_was_given_is_told_and_not_refused(make: Make) -> None:
    """A make hands its variables on to those it calls, whether or not they are meant for them."""
    done = make("-n", "train", MAKELEVEL="1", MAKEFLAGS=" -- PREFIX=/usr TEST_PROCESSES=2")
    assert done.returncode == 0
    assert "PREFIX has no effect on 'make train'" in done.stderr
    assert "TEST_PROCESSES has no effect on 'make train'" in done.stderr
    assert make("-n", "loadtest", MAKELEVEL="1", MAKEFLAGS=" -- HOST=").returncode == 2


@pytest.mark.parametrize("target", ["loadtest", "web"])
def test_an_empty_host_is_refused(make: Make, target: str) -> None:
    """An unset variable of a shell must not turn the load on another service than was meant."""
    told = "HOST is empty: give it a value, or leave it out and unset it to test the suite's own service"
    assert_refused(make("-n", target, "HOST="), told)
    assert_refused(make("-n", target, "HOST= ", "SERVICE=baseline"), told)
    assert_refused(make("-n", target, "HOST=", HOST="http://127.0.0.1:1"), told)
    assert_refused(make("-n", target, HOST=""), told)
    assert_refused(make("-n", target, HOST="  "), told)


@pytest.mark.parametrize(
    "words",
    [
        *("loadtest OUT=", "loadtest SCENARIO=", "loadtest SERVICE=", "web TIME_SCALE=", "serve PORT="),
        *("report RUN=", "report OUT=", "train DATA=", "stack LOADTEST_HOST=", "test PYTHON="),
    ],
)
def test_any_other_empty_value_is_refused(make: Make, words: str) -> None:
    target, name = words.rstrip("=").split()
    assert_refused(make("-n", target, f"{name}="), f"{name} is empty: give it a value")
    assert_refused(make("-n", target, **{name: ""}), f"{name} is empty: give it a value")


MINE = "docs/examples/heavier.yaml"


@pytest.mark.parametrize("target", ["loadtest", "web", "serve"])
@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["SERVICE=baseline"], {"REST_CONFIG": MINE}),
        (["SERVICE=baseline", f"REST_CONFIG={MINE}"], {}),
    ],
    ids=["exported", "typed"],
)
def test_two_configurations_of_the_service_are_refused(
    make: Make, target: str, words: list[str], environment: dict[str, str]
) -> None:
    assert_refused(
        make("-n", target, *words, **environment),
        f"SERVICE=baseline means configuration/service/baseline.yaml, but REST_CONFIG is {MINE}: leave one",
    )


def test_one_configuration_of_the_service_named_twice_is_taken(make: Make, folder: Path) -> None:
    for place in ("configuration/service/baseline.yaml", folder / "configuration/service/baseline.yaml"):
        assert make("-n", "serve", "SERVICE=baseline", REST_CONFIG=str(place)).returncode == 0
    assert make("-n", "serve", f"REST_CONFIG={MINE}", SERVICE="anybody's").returncode == 0
    assert make("-n", "stack", "SERVICE=baseline", REST_CONFIG=MINE).returncode == 0


def rows() -> dict[str, set[str]]:
    """What the Makefile's table says that each target takes; nothing of those that take PYTHON alone."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    told = dict(re.findall(r"^((?:TAKES_|OF_)[\w-]+) := (.*)$", text, re.MULTILINE))
    for name, row in told.items():
        told[name] = re.sub(r"\$\(([\w-]+)\)", lambda found: told.get(found[1], found[0]), row)
    (plain,) = re.findall(r"^PLAIN := (.*)$", text, re.MULTILINE)
    made = {name.removeprefix("TAKES_"): row for name, row in told.items() if name.startswith("TAKES_")}
    assert not set(made) & set(plain.split())
    return {
        target: set(re.findall(r"[A-Z][A-Z_]+%?", row))
        for target, row in (made | dict.fromkeys(plain.split(), "")).items()
    }


def test_the_table_of_variables_has_each_target() -> None:
    assert sorted(rows()) == sorted(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_takes_what_its_recipe_uses(target: str) -> None:
    text = (ROOT / "Makefile").read_text()
    offered = set(re.findall(r"^([A-Z_]+) \?=", text, re.MULTILINE)) - {"PYTHON"}
    (load,) = re.findall(r"^LOAD = (.*)$", text, re.MULTILINE)
    (rule,) = re.findall(rf"^{target}:.*(?:\n\t.*)*", text, re.MULTILINE)
    used = set(re.findall(r"\$\((\w+)\)", rule.replace("$(LOAD)", load)))
    assert used & offered <= rows()[target]


def test_what_no_recipe_uses_is_read_from_the_environment() -> None:
    text = (ROOT / "Makefile").read_text()
    modules = [path for name in ("loadtests", "service") for path in (ROOT / name).rglob("*.py")]
    scripts = [ROOT / "deploy" / name for name in ("stack", "compose.yaml", "build-image")]
    read = "".join(path.read_text() for path in (*modules, *scripts))
    for name in set().union(*rows().values()):
        known = (f'"{name}"', f"${{{name}:-", f'"{name.removesuffix("%")}')
        assert f"$({name})" in text or any(each in read for each in known), name


@pytest.mark.parametrize("target", ["loadtest", "test"])
def test_too_old_a_python_is_told(
    make: Make, python_that: Callable[[str], str], tmp_path: Path, target: str
) -> None:
    old = python_that(OLD)
    done = make(target, f"PYTHON={old}")
    assert done.returncode == 2
    assert (
        f"{old} is Python 3.9; this project needs 3.11 to 3.14. Name one: make PYTHON=python3.12"
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
    assert planned.rstrip().splitlines()[-1].startswith(f"{WITH_MAKE}.venv/bin/python -m loadtests")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("loadtest",), '-m loadtests --scenario "staged" --out "results"'),
        (("loadtest", "SCENARIO=smoke", "OUT=runs"), '-m loadtests --scenario "smoke" --out "runs"'),
        (
            ("loadtest", "TIME_SCALE=0.1"),
            '-m loadtests --scenario "staged" --out "results" --time-scale "0.1"',
        ),
        (
            ("web", "TIME_SCALE=0.1", "WEB_PORT=9"),
            '-m loadtests --web --web-port 9 --scenario "staged" --out "results" --time-scale "0.1"',
        ),
        (("serve", "PORT=9"), "-m service --port 9 --workers 1"),
        (("profile",), "-m service.profiling"),
        (("test", "TEST_PROCESSES=2"), '-m pytest -n 2 -m "not extended"'),
        (("train", "DATA=mine.csv"), '-m service.training --data "mine.csv"'),
    ],
)
@pytest.mark.usefixtures("prepared")
def test_no_work_is_done_twice(make: Make, words: tuple[str, ...], command: str) -> None:
    """Once environment and model are there, a target is its one command."""
    planned = make("-n", *words).stdout.removeprefix(WITH_MAKE)
    assert planned.split() == f".venv/bin/python {command}".split()


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
