"""The CI templates: their shell steps run in a copy of the project, and end as the verdict says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
CI = ROOT / "deploy" / "ci"
PROJECT = ("configuration", "deploy/ci", "loadtests", "reports", "service", "shapes")
FILES = ("Makefile", "requirements.txt", "pyproject.toml")


@dataclass(frozen=True)
class Checkout:
    """A copy of the project as a CI job has it, its environment taken from the cache."""

    root: Path

    def scenario(self, objective: str) -> str:
        """The name of a short scenario with one objective."""
        path = self.root / "short.yaml"
        path.write_text(
            "description: Short.\n"
            "load: {users: [{constant: 5, for: 2s}]}\n"
            f"objectives: [{objective}]\n"
            "generator: {lateness: 1m, busy: 1, starved: 1, lag: 1m}\n"
        )
        return path.name

    def run(self, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run shell lines as a runner does, to the first that fails."""
        clean = {name: value for name, value in os.environ.items() if name not in ("SCENARIO", "HOST")}
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.root,
            env={**clean, **variables, "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            timeout=120,
        )

    @property
    def kept(self) -> Path:
        """What the job keeps."""
        return self.root / "results" / "ci"

    @property
    def runs(self) -> int:
        """How many load tests were run."""
        return len(list((self.root / "results").glob("*T*Z*")))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "project"
    for folder in PROJECT:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, root)
    environment = root / ".venv"
    environment.mkdir()
    for each in (ROOT / ".venv").iterdir():
        if not each.name.startswith("."):
            (environment / each.name).symlink_to(each)
    (environment / ".run-ready").touch()
    return Checkout(root)


def github_steps() -> dict[str, dict[str, Any]]:
    """The GitHub job's steps that run a shell, by name."""
    job = yaml.safe_load((CI / "github-actions.yml").read_text())["jobs"]["load-test"]
    return {step["name"]: step for step in job["steps"] if "run" in step}


def gitlab_job() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load((CI / "gitlab-ci.yml").read_text())["load-test"]
    return job


def test_the_github_job_passes_and_keeps_summary_objectives_and_report(checkout: Checkout) -> None:
    summary = checkout.root / "step-summary.md"
    variables = {
        "SCENARIO": checkout.scenario("error rate <= 0 %"),
        "HOST": "",
        "LOADTEST_HEADERS": "",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    steps = github_steps()
    assert set(steps["Load test"]["env"]) == {"SCENARIO", "HOST", "LOADTEST_HEADERS"}
    for step in steps.values():
        done = checkout.run(step["run"], variables)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in summary.read_text()
    assert (checkout.kept / "report.html").stat().st_size > 10_000
    assert len(ElementTree.parse(checkout.kept / "junit.xml").findall(".//testcase")) == 1


def test_the_gitlab_job_fails_with_the_verdict_and_does_not_try_again(checkout: Checkout) -> None:
    variables = {"SCENARIO": checkout.scenario("p99 latency <= 0.001 ms"), "HOST": ""}
    job = gitlab_job()
    done = checkout.run("\n".join(job["script"]), variables)
    assert done.returncode == 1, done.stdout + done.stderr
    assert checkout.runs == 1
    junit = checkout.root / job["artifacts"]["reports"]["junit"]
    assert ElementTree.parse(junit).find(".//failure") is not None
    assert junit.parent == checkout.kept


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0], 0), ([1], 1), ([3, 0], 0), ([3, 1], 1), ([3, 3], 3)],
    ids=["passed", "failed", "invalid, then passed", "invalid, then failed", "invalid twice"],
)
def test_an_invalid_run_is_repeated_once(tmp_path: Path, codes: list[int], code: int) -> None:
    """With a stand-in for the load test, which ends with these codes, one after another."""
    (tmp_path / "deploy/ci").mkdir(parents=True)
    shutil.copy(CI / "load-test", tmp_path / "deploy/ci")
    stand_in = tmp_path / ".venv/bin/python"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(
        "#!/bin/bash\n"
        'run=results/$(($(ls results 2>/dev/null | grep -c run) + 1))-run; mkdir -p "$run"\n'
        'echo "$*" > "$run/run.json"; ln -sfn "${run#*/}" results/latest\n'
        f"codes=({' '.join(map(str, codes))}); exit ${{codes[${{run//[^0-9]/}} - 1]}}\n"
    )
    stand_in.chmod(0o755)
    done = subprocess.run([tmp_path / "deploy/ci/load-test", "--scenario", "smoke"], capture_output=True)
    assert done.returncode == code, done.stderr
    assert len(list((tmp_path / "results").glob("*-run"))) == len(codes)
    newest = tmp_path / "results" / f"{len(codes)}-run"
    assert (tmp_path / "results/ci/run.json").read_text() == (newest / "run.json").read_text()
    assert (newest / "run.json").read_text() == "-m loadtests --out results --scenario smoke\n"


def test_where_nothing_was_run_the_job_ends_with_2_and_keeps_nothing(checkout: Checkout) -> None:
    """Not even what an earlier run left."""
    checkout.kept.mkdir(parents=True)
    done = checkout.run("deploy/ci/load-test --scenario nosuch", {})
    assert done.returncode == 2, done.stdout + done.stderr
    assert "nosuch" in done.stderr
    assert not checkout.kept.exists()


def test_both_jobs_cache_the_environment_by_the_pins() -> None:
    """And only that: a model or results from the cache would be those of other code."""
    (cache,) = [
        step["with"]
        for step in yaml.safe_load((CI / "github-actions.yml").read_text())["jobs"]["load-test"]["steps"]
        if step.get("uses", "").startswith("actions/cache@")
    ]
    assert cache["path"] == ".venv"
    assert "hashFiles('requirements.txt')" in cache["key"]
    assert gitlab_job()["cache"]["paths"] == [".venv/"]
    assert gitlab_job()["cache"]["key"]["files"] == ["requirements.txt"]


@pytest.mark.parametrize(
    ("template", "options"),
    [
        ("github-actions.yml", ["vendor.github-workflows"]),
        ("gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_each_template_is_what_its_system_reads(template: str, options: list[str]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *options, str(CI / template)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
