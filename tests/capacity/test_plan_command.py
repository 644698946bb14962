"""`model-loadtest plan`: a plan only where the measurement carries it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from capacity.findings import CapacityFindings
from capacity.plan_command import main

Planner: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Planner:
    """The exit code and the output of a plan by some findings."""

    def run(found: CapacityFindings, *words: str) -> tuple[int, str, str]:
        file = tmp_path / "capacity.json"
        file.write_text(json.dumps(found.to_json()))
        code = main(["--capacity", str(file), "--peak", "1000/s", *words])
        return code, *capsys.readouterr()

    return run


def test_a_plan_says_what_it_rests_on(plan: Planner, findings: CapacityFindings, tmp_path: Path) -> None:
    """1000/s at 80/s each (100 less a fifth) take 13, and one more; 0.55 cores each, and a fifth."""
    code, told, _ = plan(findings, "--price-core", "20", "--price-gib", "2", "--json", str(tmp_path / "p"))
    assert code == 0
    assert told.startswith("1,000 requests/s take 14 replicas: 13 carry them, 1 may be missing.")
    for line in (
        "  CPU request     660m, limit 1320m",
        "  memory request  250Mi, limit 313Mi",
        "  HPA target      averageUtilization 68 (cpu)",
        "  cost            192 a month, for the requests of all replicas",
        "- cores in use: predicted 0.35, measured 0.35, may differ by 0.0525",
        "- requests are spread evenly over the replicas",
    ):
        assert line in told.splitlines()
    assert json.loads((tmp_path / "p").read_text())["plan"]["replicas"] == 14


def test_there_is_no_forecast_if_the_prediction_misses(plan: Planner, findings: CapacityFindings) -> None:
    assert findings.held_out is not None
    slow = replace(findings, held_out=replace(findings.held_out, service_cores=0.5))
    code, told, error = plan(slow)
    assert (code, told) == (3, "")
    assert "the prediction misses cores in use: predicted 0.35, measured 0.5, may differ by 0.0525" in error
    broken = replace(findings.held_out, outcome="broken", reason="p99 latency was 400 ms")
    assert "the trial was to hold, and is broken" in plan(replace(findings, held_out=broken))[2]
    undecided = replace(findings.held_out, outcome="open", reason="not decided: p99 latency <= 1 s")
    assert "the trial was to hold, and is open" in plan(replace(findings, held_out=undecided))[2]
    unseen = replace(findings.held_out, service_cores=None)
    assert "predicted, but not observed in that trial" in plan(replace(findings, held_out=unseen))[2]


def test_there_is_no_forecast_without_a_capacity(
    plan: Planner,
    findings: CapacityFindings,
    without_upper_bound: Callable[[CapacityFindings, str], CapacityFindings],
) -> None:
    """What the generator could offer is no capacity to plan with."""
    code, _, error = plan(without_upper_bound(findings, "the generator could not keep its schedule"))
    assert code == 3
    assert error.startswith("No forecast: Invalid: no capacity was found")
    code, _, error = plan(replace(findings, held_out=None))
    assert code == 3
    assert "the search ended before its held-out trial" in error


@pytest.mark.parametrize(
    ("low", "high", "why"),
    [
        (112.0, 100.0, "capacity.less_than is 100, expected more than at_least, 112"),
        (99.0, 112.0, "capacity.at_least is 99, expected the rate of a trial that is proven"),
        (100.0, 106.0, "capacity.less_than is 106, expected the rate of a trial that is broken"),
    ],
)
def test_bounds_that_no_trial_had_are_refused(
    plan: Planner, findings: CapacityFindings, low: float, high: float, why: str
) -> None:
    code, told, error = plan(
        replace(findings, capacity=replace(findings.capacity, at_least=low, less_than=high))
    )
    assert (code, told) == (2, "")
    assert why in error


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--peak", "many"), "'many' is no rate above zero"),
        (("--peak", "0/s"), "is no rate above zero"),
        (("--peak", "9" * 400), "is no rate above zero"),
        (("--peak", "9" * 30), "expected a rate above zero, 1e+15 at most"),
        (("--peak", "100000000000000/s"), "takes more than 1,000,000,000 replicas"),
        (("--efficiency", "1e-320"), "takes more than 1,000,000,000 replicas"),
        (("--spare", "9" * 400), "spare is too large a number: expected 1,000,000,000 at most"),
        (("--price-core", "-25"), "price_per_core is -25.0: expected a price of zero or more"),
        (("--price-gib", "nan"), "price_per_gib is nan: expected a price of zero or more"),
        (("--price-gib", "inf"), "price_per_gib is inf: expected a price of zero or more"),
        (("--spare", "-1"), "spare is -1: expected no number below zero"),
        (("--headroom", "1"), "headroom is 1.0: expected a share up to 0.9"),
        (("--efficiency", "0"), "efficiency is 0.0: expected a share up to 1.0"),
    ],
)
def test_wrong_wishes_are_told(
    plan: Planner,
    findings: CapacityFindings,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    why: str,
) -> None:
    try:
        code, _, error = plan(findings, *words)
    except SystemExit as ended:
        code, error = int(ended.code or 0), capsys.readouterr().err
    assert code == 2
    assert why in error
