"""Other tools are asked for what the scenario says: path, bodies, rate, and objectives as thresholds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.crosscheck.__main__ import HERE, PLANS, main
from benchmarks.crosscheck.plan import PlanError, derive_plan
from benchmarks.crosscheck.thresholds import to_thresholds
from configuration.loading import load_scenario
from reports.objectives.parsing import parse_objective

LATENCY = "http_req_duration{expected_response:true}"


@pytest.mark.parametrize(
    ("objective", "metric", "threshold"),
    [
        ("p99 latency <= 100 ms", LATENCY, "p(99)<=100"),
        ("p99.9 latency < 1.5 s", LATENCY, "p(99.9)<1500"),
        ("p95 service time <= 50 ms", LATENCY, "p(95)<=50"),
        ("mean latency <= 40 ms", LATENCY, "avg<=40"),
        ("max latency <= 1 s", LATENCY, "max<=1000"),
        ("error rate < 1 %", "errors", "rate<0.01"),
        ("errors <= 10 per 10000 requests", "errors", "rate<=0.001"),
        ("status 503 <= 0", "http_reqs{status:503}", "count<=0"),
        ("throughput >= 5 requests/s", "good_replies", "rate>=5"),
        ("throughput >= 190 rows/s", "good_rows", "rate>=190"),
    ],
)
def test_an_objective_is_a_threshold_in_k6s_units(objective: str, metric: str, threshold: str) -> None:
    assert to_thresholds([parse_objective(objective)]) == ({metric: [threshold]}, [])


@pytest.mark.parametrize(
    "objective",
    [
        "peak throughput >= 5 requests/s",
        "availability >= 99 %",
        "p99 latency <= 100 ms during steady",
        "p99 latency <= 100 ms in any 10 s",
    ],
)
def test_what_k6_has_no_words_for_is_told(objective: str) -> None:
    assert to_thresholds([parse_objective(objective)]) == ({}, [objective])


def test_the_plan_is_the_scenarios_steady_part() -> None:
    """The longest stage: fifty users who ask once a second."""
    plan = derive_plan(load_scenario("steady"))
    assert (plan.stage, plan.rate, plan.rows, plan.finite) == ("steady", 50.0, None, "charges")
    assert plan.path == "/api/models/insurance_charges_model/prediction"
    assert len(plan.bodies) == 256
    assert all({"age", "bmi", "smoker"} <= set(json.loads(body)) for body in plan.bodies)


def test_a_body_of_a_batch_has_as_many_records_as_the_scenario_says() -> None:
    plan = derive_plan(load_scenario("batch"))
    assert (plan.rate, plan.rows) == (20.0, 10)
    assert {len(json.loads(body)) for body in plan.bodies} == {10}


@pytest.mark.parametrize(
    ("scenario", "why"),
    [("normal", "its users think"), ("overload", "a calibration finds it"), ("manual", "no load of its own")],
)
def test_a_scenario_without_a_rate_is_refused(scenario: str, why: str) -> None:
    with pytest.raises(PlanError, match=why):
        derive_plan(load_scenario(scenario))


def test_a_scenario_that_cannot_be_compared_is_told_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--scenario", "normal"]) == 2
    assert "the scenario 'normal' states no rate" in capsys.readouterr().err


def test_the_plans_of_k6s_scripts_are_those_of_the_scenarios(tmp_path: Path) -> None:
    """After a change to these scenarios `python -m benchmarks.crosscheck --plans` writes them anew."""
    assert main(["--plans", "--out", str(tmp_path)]) == 0
    names = {name for plan in PLANS for name in (plan, f"{plan}l")}
    assert {path.name for path in tmp_path.iterdir()} == names
    for name in names:
        assert (HERE / name).read_text() == (tmp_path / name).read_text(), name


def test_plans_of_other_scenarios_do_not_go_where_the_scripts_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [(HERE / name).read_text() for name in PLANS]
    assert main(["--plans", "--scenario", "smoke"]) == 2
    assert "say where those of other scenarios go: --out DIR" in capsys.readouterr().err
    assert main(["--plans", "--scenario", "smoke", "--out", str(tmp_path)]) == 0
    plans = [json.loads((tmp_path / name).read_text()) for name in PLANS]
    assert [plan["scenario"] for plan in plans] == ["smoke", "batch"]
    assert [(HERE / name).read_text() for name in PLANS] == before


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        *(("--rounds", value, "give a whole number from 1 on") for value in ("0", "-1", "2.5", "many")),
        *(("--connections", value, "give a whole number from 1 on") for value in ("0", "x")),
        *(("--seconds", value, "give a number of seconds from 1 on") for value in ("0", "nan", "inf", "x")),
    ],
)
def test_an_impossible_number_is_told(
    capsys: pytest.CaptureFixture[str], option: str, value: str, sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([option, value])
    assert ended.value.code == 2
    assert f"argument {option}: {value} is impossible; {sentence}" in capsys.readouterr().err
