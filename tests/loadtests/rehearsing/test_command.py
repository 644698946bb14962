"""`autoscale` as it is typed: what it says, what it writes, and sentences for what it can't follow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from loadtests.cli.main import main as run_word

KUBERNETES = Path(__file__).parents[3] / "deploy" / "kubernetes"
LOAD = "[{constant: 40/s, for: 1m}, {ramp: [40/s, 300/s], for: 1m}, {constant: 300/s, for: 4m, stage: high}]"
HPA = ["--hpa", str(KUBERNETES / "overlays/cpu/autoscaler.yaml")]
DEPLOYMENT = ["--deployment", str(KUBERNETES / "overlays/cpu/resources.yaml")]
PROFILE = ["--profile", LOAD]
REPLICA = ["--service-time", "4ms", "--cpu-per-request", "1ms"]
ENDLESS = ["--profile", "[{constant: 5/s, for: endless}]"]
OBJECTIVE = ["--objective", "under-provisioned <= 30 s"]
WHOLE = [*HPA, *DEPLOYMENT, *PROFILE, *REPLICA, "--objective", "p99 latency <= 100 ms"]


def ask(out: Path, *words: str) -> int:
    return run_word(["autoscale", *words, "--out", str(out)])


@pytest.mark.extended
def test_what_is_missed_is_told_with_when_and_the_page_needs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tmp_path, *WHOLE, "--start-up", "90s", "--objective", "under-provisioned <= 10 s") == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "misses p99 latency <= 100 ms and under-provisioned <= 10 s" in told
    assert re.search(r"missed: under-provisioned <= 10 s \d.* s in all; from \d", told)
    found = json.loads((tmp_path / "autoscale.json").read_text())
    assert (found["verdict"], found["exit_code"]) == ("fail", 1)
    assert found["under_provisioned_s"] == sum(end - start for start, end in found["objectives"][1]["spans"])
    assert len(found["series"]["t_s"]) == len(found["series"]["ready"]) == 360
    page = (tmp_path / "autoscale.html").read_text()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")
    assert page.count("<svg") > 4


def test_what_is_kept_ends_with_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*WHOLE, "--start-up", "5s", "--objective", "p99 latency <= 100 ms during high"]
    assert ask(tmp_path, *words) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "keeps its objectives: 1 to 6 replicas" in told


@pytest.mark.extended
def test_cheaper_settings_are_told_with_the_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, *WHOLE, "--start-up", "5s", "--tune") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert re.search(r"The cheapest of 65 settings that keeps the objectives uses 0\.\d+ replica-hours", told)
    tuning = json.loads((tmp_path / "autoscale.json").read_text())["tuning"]
    assert tuning["grid"][0] == "target of cpu: 25 %, 38 %, 50 %, 62 %"
    assert tuning["cheapest"]["spec"]["minReplicas"] >= 1
    assert "What was tried" in (tmp_path / "autoscale.html").read_text()


@pytest.mark.extended
def test_a_scenario_brings_its_load_and_its_objectives(
    tmp_path: Path,
) -> None:
    assert ask(tmp_path, *HPA, *DEPLOYMENT, *REPLICA, "--scenario", "open") == 0
    found = json.loads((tmp_path / "autoscale.json").read_text())
    assert [each["text"] for each in found["objectives"]] == ["p99 latency <= 100 ms", "error rate <= 0.1 %"]
    assert found["load"] == "open"


@pytest.mark.extended
def test_a_calibrated_load_is_in_multiples_of_one_replica(tmp_path: Path) -> None:
    words = ["--scenario", "overload", *OBJECTIVE, "--capacity-per-replica", "50/s"]
    assert ask(tmp_path, *HPA, *DEPLOYMENT, *REPLICA, *words) in (0, 1)
    found = json.loads((tmp_path / "autoscale.json").read_text())
    assert found["load"] == "overload, 1x = 50/s"
    assert max(found["series"]["rate_per_s"]) == 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*HPA, *PROFILE, *REPLICA], "there is nothing to judge by: give --objective, such as"),
        ([*HPA, *WHOLE[4:]], "the pods' request of cpu is not known; name the file"),
        (
            [
                *HPA,
                *DEPLOYMENT,
                *PROFILE,
                "--service-time",
                "4ms",
                "--capacity-per-replica",
                "9/s",
                *OBJECTIVE,
            ],
            "the processor time of a request is not known; state it, such as --cpu-per-request 4ms",
        ),
        (
            [*HPA, *DEPLOYMENT, *PROFILE, *REPLICA, *OBJECTIVE],
            "state it with --capacity-per-replica, or give an objective for latency",
        ),
        ([*HPA, *DEPLOYMENT, "--scenario", "ramp", *REPLICA], "'ramp' follows the closed model"),
        ([*WHOLE, "--replicas", "11"], "--replicas 11 is more than the manifest's maxReplicas, 10"),
        (
            [*HPA, "--deployment", "pyproject.toml", *PROFILE, *REPLICA, *OBJECTIVE],
            "pyproject.toml has 1 problem",
        ),
        (
            [*HPA, *DEPLOYMENT, *REPLICA, *ENDLESS, *OBJECTIVE, "--capacity-per-replica", "9/s"],
            "the load is endless: expected one that ends within 7 days",
        ),
        (
            [*WHOLE, "--sync", "0.0001ms"],
            "the autoscaler looks every 1e-07 s, but time goes on in steps of 1 s",
        ),
    ],
)
def test_what_can_not_be_asked_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert ask(tmp_path / "out", *words) == 2
    told = capsys.readouterr().err
    assert message in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--start-up", "soon"], "soon is impossible; give a time such as 20s, or 0s"),
        (["--sync", "0s"], "0s is impossible; give a time above zero, such as 20ms or 15s"),
        (["--metric", "depth=length"], "give NAME=WHAT, WHAT one of rate, queued, in_flight"),
        (["--start-up", "1e999s"], "1e999s is impossible; give a time such as 20s"),
        (["--sync", "1e999s"], "1e999s is impossible; give a time above zero"),
        (["--memory", "1e999"], "1e999 is impossible; give a quantity of Kubernetes"),
        (["--memory", "150MB"], "150MB is impossible; give a quantity of Kubernetes"),
    ],
)
def test_a_value_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        ask(tmp_path, *WHOLE, *words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
