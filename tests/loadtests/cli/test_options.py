"""What was typed becomes a scenario, or a sentence that says what is wrong with it."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from configuration.errors import ConfigurationError
from loadtests.cli import command
from loadtests.cli.options import Unasked, chosen_scenario, manual_profile


def options(**changes: Any) -> Namespace:
    values: dict[str, Any] = {
        "scenario": Unasked("staged"),
        "time_scale": 1.0,
        "num_users": None,
        "spawn_rate": None,
        "run_time": None,
    }
    return Namespace(**(values | changes))


def test_nothing_asked_is_the_staged_scenario() -> None:
    assert chosen_scenario(options(), web=False).name == "staged"


@pytest.mark.parametrize("given", [{"num_users": 5}, {"spawn_rate": 2.0}, {"run_time": 10}])
def test_users_without_a_scenario_mean_manual(given: dict[str, Any]) -> None:
    assert chosen_scenario(options(**given), web=False).is_manual


def test_users_beside_a_scenario_are_refused_but_not_in_the_web_form() -> None:
    """The form always fills them in."""
    asked = options(scenario="staged", num_users=5, run_time=3)
    with pytest.raises(
        ConfigurationError, match=r"-u/--users, -t/--run-time: the scenario 'staged' says itself"
    ):
        chosen_scenario(asked, web=False)
    assert chosen_scenario(asked, web=True).name == "staged"


def test_time_scale_stretches_the_load() -> None:
    assert chosen_scenario(options(time_scale=0.1), web=False).planned_s == pytest.approx(27.0)
    with pytest.raises(ConfigurationError, match=r"--time-scale -1 is impossible"):
        chosen_scenario(options(time_scale=-1.0), web=False)


@pytest.mark.parametrize(
    ("given", "levels"),
    [
        ({}, {0: 1, 1e6: 1}),
        ({"num_users": 5, "spawn_rate": 5.0, "run_time": 10}, {0: 5, 9.9: 5, 10: 0}),
        ({"num_users": 20, "spawn_rate": 2.0, "run_time": 30}, {0: 0, 5: 10, 10: 20, 29: 20, 30: 0}),
        ({"num_users": 100, "spawn_rate": 1.0, "run_time": 10}, {5: 5, 9: 9, 10: 0}),
    ],
)
def test_manual_users_come_at_the_spawn_rate(given: dict[str, Any], levels: dict[float, float]) -> None:
    profile = manual_profile(options(**given))
    assert {t_s: profile.level_at(t_s) for t_s in levels} == pytest.approx(levels)


def checked(*words: str) -> Namespace:
    typed = command.parser().parse_args(words)
    command.check(typed)
    return typed


def test_what_is_not_typed_is_the_staged_scenario_of_the_suites_own_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SCENARIO", raising=False)
    typed = checked()
    assert (typed.host, typed.scenario, typed.out) == (None, "staged", "results")


@pytest.mark.parametrize("value", ["", " ", "\t\n"])
@pytest.mark.parametrize(
    ("option", "more"),
    [
        *(("--host", part) for part in ("--scenario=smoke", "--web", "--worker", "--master")),
        ("--out", "--scenario=smoke"),
        ("--scenario", "--host=http://127.0.0.1:8000"),
        ("--run-time", "--users=3"),
        ("--web-host", "--web"),
        ("--metrics-host", "--metrics-port=9646"),
    ],
)
def test_an_option_that_was_given_nothing_is_refused(option: str, more: str, value: str) -> None:
    """It would aim the load test, or open a port, elsewhere than was meant."""
    with pytest.raises(ConfigurationError, match=rf"^{option} is empty: (give|name|say) "):
        checked(option, value, more)


def test_a_scenario_of_the_environment_counts_where_none_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENARIO", "smoke")
    assert checked().scenario == "smoke"
    assert checked("--scenario", "steady").scenario == "steady"
    monkeypatch.setenv("SCENARIO", " ")
    assert checked("--scenario", "steady").scenario == "steady"
    with pytest.raises(ConfigurationError, match=r"^SCENARIO is empty in the environment: .* or unset it$"):
        checked()
