"""The CI templates: their shell steps run in a copy of the project, and end as the verdict says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from configuration.loading import list_scenario_names, load_scenario
from loadtests.comparing.versions import PORT, start_service
from loadtests.recording.recorder import Recorder
from loadtests.recording.row import OUTCOME_CODES, SampleRow
from loadtests.recording.writer import Observation, RunWriter
from reports.data.facts import Facts, Stage
from reports.data.folder import compact

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
CI = ROOT / "deploy" / "ci"
PROJECT = (
    "autoscaling",
    "capacity",
    "configuration",
    "deploy/ci",
    "loadtests",
    "reports",
    "service",
    "shapes",
)
FILES = ("Makefile", "requirements.txt", "pyproject.toml")


@dataclass(frozen=True)
class Checkout:
    """A copy of the project as a CI job has it, its environment taken from the cache."""

    root: Path

    def scenario(self, objective: str) -> str:
        """The name of a short scenario with an objective, and two that keep a busy machine from deciding."""
        path = self.root / "short.yaml"
        path.write_text(
            "description: Short.\n"
            "load: {users: [{constant: 5, for: 2s}]}\n"
            f"objectives: [{objective}, max latency <= 300 s, offered load >= 1 %]\n"
            "generator: {lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}\n"
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
            timeout=240,
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
    service = root / "configuration/service/batched.yaml"
    service.write_text(re.sub(r"deadline_ms: \d+", "deadline_ms: 60000", service.read_text()))
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
    assert len(ElementTree.parse(checkout.kept / "junit.xml").findall(".//testcase")) == 3


def test_the_gitlab_job_fails_with_the_verdict_and_does_not_try_again(checkout: Checkout) -> None:
    variables = {"SCENARIO": checkout.scenario("p99 latency <= 0.001 ms"), "HOST": ""}
    job = gitlab_job()
    done = checkout.run("\n".join(job["script"]), variables)
    assert done.returncode == 1, done.stdout + done.stderr
    assert checkout.runs == 1
    junit = checkout.root / job["artifacts"]["reports"]["junit"][0]
    assert ElementTree.parse(junit).find(".//failure") is not None
    assert junit.parent == checkout.kept


def test_a_pull_request_is_compared_with_the_run_kept_of_the_main_branch(checkout: Checkout) -> None:
    """First nothing is kept and nothing compared; then the main branch's run is, with one made by hand."""
    steps = github_steps()
    compare = steps["Compare with the main branch"]["run"]
    keep = steps["Keep the main branch's run"]["run"]
    first = checkout.run(compare, {})
    assert (first.returncode, first.stdout) == (
        0,
        "no run of the main branch is kept yet: nothing is compared\n",
    )
    write_run(checkout.kept, 10.0)
    assert checkout.run(keep, {}).returncode == 0
    shutil.rmtree(checkout.kept)
    write_run(checkout.kept, 20.0)
    worse = checkout.run(compare, {})
    assert worse.returncode == 1, worse.stderr
    assert "Worse" in (checkout.kept / "comparison/summary.md").read_text()
    script = gitlab_job()["script"]
    request = {"CI_PIPELINE_SOURCE": "merge_request_event", "BASELINE_POLICY": "pull"}
    assert [checkout.run(line, request).returncode for line in script[-2:]] == [1, 0]
    main = {"CI_PIPELINE_SOURCE": "push", "BASELINE_POLICY": "push"}
    assert [checkout.run(line, main).returncode for line in script[-2:]] == [0, 0]
    assert checkout.run(compare, {}).returncode == 0


@pytest.mark.extended
def test_a_pull_request_that_makes_the_service_slower_is_worse_and_an_equal_one_is_not(
    checkout: Checkout,
) -> None:
    """Three real runs by the steps of the template: of the main branch, of an equal version, of a slow one.

    Replies take 0.3 s, those of the slow version 0.9 s: a busy machine adds little to either.
    """
    scenario = checkout.root / "pair.yaml"
    scenario.write_text(
        "description: Few requests.\n"
        "load: {rate: [{constant: 8/s, for: 12s}]}\n"
        "traffic: {timeout: 60s, endpoints: [{name: wait, path: /, method: GET}]}\n"
        "service: {ready: null, metrics: null}\n"
        "objectives: [error rate <= 50 %]\n"
        "generator: {lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}\n"
    )
    steps = github_steps()
    codes = {}
    for version, wait_ms in (("main", 300), ("equal", 300), ("slow", 900)):
        command = [sys.executable, str(ROOT / "benchmarks/comparison/waiting_service.py"), str(wait_ms), PORT]
        with start_service(shlex.join(command), checkout.root / "service.log", lambda: False) as url:
            variables = {"SCENARIO": scenario.name, "HOST": url, "LOADTEST_HEADERS": ""}
            made = checkout.run(steps["Load test"]["run"], variables)
        assert made.returncode == 0, made.stdout + made.stderr
        step = "Keep the main branch's run" if version == "main" else "Compare with the main branch"
        found = checkout.run(steps[step]["run"], variables)
        codes[version] = found.returncode
        if version == "equal":
            assert find_failures(checkout) == {}, found.stdout
    assert codes == {"main": 0, "equal": 0, "slow": 1}
    assert " % higher (at least " in find_failures(checkout)["p50 latency is not worse"]


def find_failures(checkout: Checkout) -> dict[str, str]:
    """The messages of the comparison's failed test cases, by their name."""
    cases = ElementTree.parse(checkout.kept / "comparison/junit.xml").iter("testcase")
    return {
        case.attrib["name"]: failure.attrib["message"]
        for case in cases
        if (failure := case.find("failure")) is not None
    }


@dataclass(frozen=True)
class StandIn:
    """A caller's folder with the run of yesterday, and a checkout in it whose load test ends as told."""

    root: Path

    def step(self, *ends: str, words: tuple[str, ...] = ("--scenario", "smoke")) -> int:
        """The step's exit code, where the load tests end so, one after another: `3`, or `0 without a run`."""
        stand_in = self.root / "suite/.venv/bin/python"
        stand_in.parent.mkdir(parents=True)
        stand_in.write_text(
            "#!/bin/bash\n"
            f"ends=({' '.join(repr(end) for end in ends)}); echo x >> calls; call=$(wc -l < calls)\n"
            "end=${ends[call - 1]}; run=smoke-20260102T00000${call}Z\n"
            'if [[ $end != *without* ]]; then mkdir results/$run; echo "$*" > results/$run/run.json; fi\n'
            "if [[ $end == [013] ]]; then ln -sfn $run results/latest; fi\n"
            "exit ${end%% *}\n"
        )
        stand_in.chmod(0o755)
        return subprocess.run(["suite/deploy/ci/load-test", *words], cwd=self.root, timeout=240).returncode

    @property
    def calls(self) -> int:
        path = self.root / "calls"
        return len(path.read_text()) // 2 if path.exists() else 0

    @property
    def kept(self) -> Path:
        """What the job keeps."""
        return self.root / "results/ci"


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    (tmp_path / "suite/deploy/ci").mkdir(parents=True)
    shutil.copy(CI / "load-test", tmp_path / "suite/deploy/ci")
    yesterday = tmp_path / "results/smoke-20260101T000000Z"
    yesterday.mkdir(parents=True)
    (yesterday / "run.json").write_text("yesterday")
    (tmp_path / "results/latest").symlink_to(yesterday.name)
    return StandIn(tmp_path)


@pytest.mark.parametrize(
    ("ends", "code"),
    [(["0"], 0), (["1"], 1), (["3", "0"], 0), (["3", "1"], 1), (["3", "3"], 3)],
    ids=["passed", "failed", "invalid, then passed", "invalid, then failed", "invalid twice"],
)
def test_an_invalid_run_is_repeated_once(stand_in: StandIn, ends: list[str], code: int) -> None:
    assert stand_in.step(*ends) == code
    assert stand_in.calls == len(ends)
    newest = stand_in.root / f"results/smoke-20260102T00000{len(ends)}Z/run.json"
    assert (stand_in.kept / "run.json").read_text() == newest.read_text()
    assert newest.read_text() == "-P -m loadtests --scenario smoke --out results\n"


def test_a_run_that_broke_before_it_was_judged_is_kept(stand_in: StandIn) -> None:
    """It is the one that has to be looked into."""
    assert stand_in.step("4") == 4
    assert "smoke" in (stand_in.kept / "run.json").read_text()


@pytest.mark.parametrize("end", ["0 without a run", "2 without a run", "4 without a run"])
def test_where_no_run_was_made_none_is_kept(stand_in: StandIn, end: str) -> None:
    """Neither that of yesterday nor what was kept of it: as after `--list` and `--check`."""
    stand_in.kept.mkdir()
    assert stand_in.step(end) == int(end[0])
    assert not stand_in.kept.exists()


def test_an_invalid_run_is_kept_where_the_service_was_gone_afterwards(stand_in: StandIn) -> None:
    assert stand_in.step("3", "2 without a run") == 2
    assert (stand_in.kept / "run.json").exists()


@pytest.mark.parametrize("words", [("--out", "elsewhere"), ("--out=elsewhere",)])
def test_another_folder_is_refused(
    stand_in: StandIn, words: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert stand_in.step("0", words=words) == 2
    assert stand_in.calls == 0
    assert "keeps its run in results/ci" in capfd.readouterr().err


def test_two_runs_of_the_longest_scenario_fit_into_the_jobs_time() -> None:
    """An invalid one is repeated, and ten minutes go into installing and judging. The Job runs one."""
    lengths_s = [
        scenario.planned_s for scenario in map(load_scenario, list_scenario_names()) if scenario.planned_s
    ]
    needed_s = max(lengths_s)
    github = yaml.safe_load((CI / "github-actions.yml").read_text())["jobs"]["load-test"]["timeout-minutes"]
    gitlab = gitlab_job()["timeout"].removesuffix(" minutes")
    assert int(github) * 60 == int(gitlab) * 60 >= 2 * needed_s + 600
    job = yaml.safe_load((ROOT / "deploy/kubernetes/load-test/job/job.yaml").read_text())
    assert job["spec"]["activeDeadlineSeconds"] >= needed_s + 600


def test_where_nothing_was_run_the_job_ends_with_2_and_keeps_nothing(checkout: Checkout) -> None:
    """Not even what an earlier run left."""
    checkout.kept.mkdir(parents=True)
    done = checkout.run("deploy/ci/load-test --scenario nosuch", {})
    assert done.returncode == 2, done.stdout + done.stderr
    assert "nosuch" in done.stderr
    assert not checkout.kept.exists()


def test_both_jobs_cache_the_environment_by_the_pins() -> None:
    """And the main branch's run: a model or results of a job's own would be those of other code."""
    (cache,) = [
        step["with"]
        for step in yaml.safe_load((CI / "github-actions.yml").read_text())["jobs"]["load-test"]["steps"]
        if step.get("uses", "").startswith("actions/cache@")
    ]
    assert cache["path"] == ".venv"
    assert "hashFiles('requirements.txt')" in cache["key"]
    environment, baseline = gitlab_job()["cache"]
    assert environment["paths"] == [".venv/"]
    assert environment["key"]["files"] == ["requirements.txt"]
    assert baseline["paths"] == ["results/baselines/"]
    assert baseline["policy"] == "$BASELINE_POLICY"


@pytest.mark.parametrize(
    ("template", "options"),
    [
        ("deploy/ci/github-actions.yml", ["vendor.github-workflows"]),
        ("deploy/ci/gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
        (".github/workflows/check.yml", ["vendor.github-workflows"]),
        (".gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_each_template_is_what_its_system_reads(template: str, options: list[str]) -> None:
    """So are the repository's own workflows."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *options, str(ROOT / template)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_repositorys_own_workflows_run_the_script_that_contributors_run() -> None:
    """On the Debian release whose Python its packages are of, in a container that may run others."""
    (github,) = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"].values()
    gitlab = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())["check"]
    assert github["steps"][-1]["run"].splitlines()[-1] == gitlab["script"][-1] == ".ci/run"
    assert github["container"]["image"] == gitlab["image"] == "docker.io/library/debian:12"
    assert github["container"]["options"] == "--privileged"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def write_run(folder: Path, latency_ms: float) -> None:
    """A run of 3,000 requests in 15 s."""
    folder.mkdir(parents=True)
    facts = Facts(
        scenario="short",
        description="",
        model="closed",
        host="http://127.0.0.1:8000",
        started_at="2026-01-05T10:00:00Z",
        stages=(Stage("steady", 0.0, 15.0),),
        objectives=(),
        planned_s=15.0,
    )
    writer = RunWriter(folder, facts)
    recorder = Recorder(["predict"], lambda raw: writer.append(raw, ["predict"], 0))
    for number in range(3000):
        due_s, took_ms = number / 200, latency_ms + number % 7
        recorder.record(SampleRow(due_s, due_s, took_ms, took_ms, 0, OUTCOME_CODES["ok"], 0, 200, 1, 9, 9))
    recorder.seal()
    for second in range(15):
        observed = [Observation("generator", "loop_lag_ms", 1.0), Observation("service", "probed", 1.0)]
        writer.observe(second + 0.1, observed)
    writer.close(replace(facts, ended_s=15.0))
    compact(folder)
