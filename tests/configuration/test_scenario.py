"""Scenarios: stages, plan, time scale, the manual one, and the scenarios that come with the suite."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from configuration.loading import list_scenario_names, load_scenario, restore_scenario
from configuration.scenario import Scenario
from configuration.traffic import PACE_S, USER_CLASS_NAMES, Traffic
from reports.data.facts import Plan, Stage
from shapes.profiles import Constant, Ramp

NAMES = list_scenario_names()


def scenario(load: Any, **sections: Any) -> Scenario:
    """A scenario with this load section."""
    values = {"description": "A test.", "load": load, "objectives": ["error rate <= 0 %"], **sections}
    return restore_scenario(values, Path("test.yaml"))


def closed(*segments: Any, **sections: Any) -> Scenario:
    """A scenario of users."""
    return scenario({"users": list(segments)}, **sections)


def test_the_scenarios_that_were_promised_are_there() -> None:
    promised = {
        "staged", "smoke", "steady", "ramp", "normal", "high", "stress", "spike", "wave", "soak", "manual",
    }  # fmt: skip
    assert promised <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_shipped_scenario_reads_back_from_its_resolved_values(name: str) -> None:
    found = load_scenario(name)
    assert found.name == name
    assert found.description.endswith(".")
    assert found.objectives
    assert restore_scenario(json.loads(json.dumps(found.resolve())), found.source) == found


def test_staged_is_the_reference() -> None:
    staged = load_scenario("staged")
    assert [(stage.name, stage.start_s, stage.end_s) for stage in staged.stages] == [
        ("1 user", 0, 30),
        ("2 users", 30, 60),
        ("3 users", 60, 90),
        ("4 users", 90, 120),
        ("5 users", 120, 150),
        ("4 users (2)", 150, 180),
        ("3 users (2)", 180, 210),
        ("2 users (2)", 210, 240),
        ("1 user (2)", 240, 270),
    ]
    assert [str(objective) for objective in staged.objectives] == [
        "p99 latency <= 100 ms",
        "error rate <= 0 %",
        "peak throughput >= 5 requests/s",
    ]
    assert staged.make_plan().requests == 750


def test_smoke_is_short_and_sends_more_than_a_hundred_requests() -> None:
    smoke = load_scenario("smoke")
    assert smoke.planned_s == 20
    assert (smoke.make_plan().requests or 0) > 100


@pytest.mark.parametrize(("name", "users", "per_second"), [("steady", 50, 10), ("stress", 500, 20)])
def test_users_arrive_at_the_rate_the_description_says(name: str, users: int, per_second: int) -> None:
    profile = load_scenario(name).full_profile
    assert profile.peak == users
    assert profile.compute_level(1.0) == pytest.approx(per_second)
    assert profile.compute_level(users / per_second) == users


def test_the_warm_up_is_one_stage_that_is_not_judged() -> None:
    found = scenario(
        {
            "warm_up": [{"ramp": [0, 5], "for": "4s"}, {"constant": 5, "for": "6s"}],
            "users": [{"constant": 5, "for": "20s"}],
        }
    )
    assert found.stages == (Stage("warm-up", 0, 10, judged=False), Stage("5 users", 10, 30))
    assert found.judged_from_s == 10
    assert found.make_plan().requests == 100, "the warm-up is not counted"
    assert found.count_planned_requests(0, 30) == 140
    assert found.count_planned_requests(0, 20) == 90


def test_a_plan_holds_each_value_until_the_next() -> None:
    plan = closed({"steps": [1, 3], "each": "10s"}).make_plan()
    times = np.array(plan.t_s)
    assert np.max(np.diff(times)) <= 1
    assert plan.users[int(np.searchsorted(times, 10.0)) - 1] == 1
    assert plan.users[int(np.searchsorted(times, 10.0))] == 3
    assert plan.rate == plan.users, "one request a second and user"


def test_a_plan_of_a_long_run_stays_small() -> None:
    plan = closed({"ramp": [0, 10], "for": "24h"}).make_plan()
    assert len(plan.t_s) == len(plan.users) == 2000
    assert plan.requests == 5 * 24 * 3600


def test_an_open_plan_has_a_rate_and_no_users() -> None:
    found = scenario({"rate": [{"ramp": ["0/s", "100/s"], "for": "10s"}]})
    plan = found.make_plan()
    assert plan.users == ()
    assert plan.rate[:2] == (0.0, 0.4)
    assert plan.requests == 500
    assert found.stages == (Stage("0 to 100/s", 0, 10),)


def test_users_who_think_plan_no_rate() -> None:
    found = closed({"constant": 5, "for": "10s"}, traffic={"user": {"paced": 1, "normal": 1}})
    assert found.make_plan().rate == ()
    assert found.make_plan().requests is None
    assert found.make_plan().users[0] == 5


def test_the_pace_of_a_mix_is_that_of_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """One user each at 1/s and at 4/s send 2.5/s a head: 0.4 s between requests."""
    monkeypatch.setattr("configuration.traffic.PACE_S", {"paced": 1.0, "quick": 0.25})
    assert Traffic(user_classes={"paced": 1, "quick": 1}).pace_s == pytest.approx(0.4)
    assert set(PACE_S) <= set(USER_CLASS_NAMES)


def test_the_time_scale_stretches_durations_and_nothing_else() -> None:
    found = load_scenario("soak")
    scaled = found.scale_time(0.1)
    assert scaled.planned_s == pytest.approx((found.planned_s or 0) * 0.1)
    assert scaled.judged_from_s == pytest.approx(found.judged_from_s * 0.1)
    assert [stage.name for stage in scaled.stages] == [stage.name for stage in found.stages]
    assert replace(scaled, load=found.load) == found
    assert scaled.full_profile.peak == found.full_profile.peak


def test_a_manual_scenario_waits_for_its_load() -> None:
    manual = load_scenario("manual")
    assert manual.is_manual
    assert manual.stages == ()
    assert manual.make_plan() == Plan()
    assert manual.planned_s is None
    assert manual.count_planned_requests(0, 10) is None
    assert manual.scale_time(0.5) == manual
    with pytest.raises(ValueError, match="'manual' has no load"):
        manual.full_profile  # noqa: B018 (a property that raises)


def test_a_manual_scenario_takes_the_load_it_is_given() -> None:
    given = load_scenario("manual").with_profile(Ramp(0, 50, 5, stage="ramp-up") + Constant(50, 60))
    assert not given.is_manual
    assert given.planned_s == 65
    assert [stage.name for stage in given.stages] == ["ramp-up", "50 users"]
    assert restore_scenario(given.resolve(), given.source) == given


def test_an_endless_load_has_no_planned_end() -> None:
    endless = load_scenario("manual").with_profile(Constant(5, math.inf))
    assert endless.planned_s is None
    assert endless.make_plan() == Plan()
    assert endless.stages == (Stage("5 users", 0, math.inf),)
    assert endless.count_planned_requests(0, 60) == 300
    assert restore_scenario(json.loads(json.dumps(endless.resolve())), endless.source) == endless


def test_a_scenario_with_a_load_takes_no_other() -> None:
    with pytest.raises(ValueError, match="'staged' has a load"):
        load_scenario("staged").with_profile(Constant(5, 10))


def test_each_dimension_has_a_seed_of_its_own() -> None:
    seeds = load_scenario("staged").seeds
    assert set(seeds) == {"payloads", "arrivals", "pacing"}
    assert len(set(seeds.values())) == 3
