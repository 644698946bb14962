"""What was typed becomes a scenario, or a sentence that says what is wrong with it."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from configuration.errors import ConfigurationError
from loadtests.cli.command import build_parser, check_options
from loadtests.cli.settings import Settings, build_manual_profile, load_asked_scenario


def settings(**changes: Any) -> Settings:
    """Those of a command line on which nothing was typed, but for the changes."""
    return Settings(**{"scenario": "staged", "is_default_scenario": "scenario" not in changes, **changes})


def test_nothing_asked_is_the_staged_scenario() -> None:
    assert load_asked_scenario(settings(), web=False).name == "staged"


@pytest.mark.parametrize("given", [{"users": 5}, {"spawn_rate": 2.0}, {"run_time_s": 10}])
def test_users_without_a_scenario_mean_manual(given: dict[str, Any]) -> None:
    assert load_asked_scenario(settings(**given), web=False).is_manual


def test_users_beside_a_scenario_are_refused_but_not_in_the_web_form() -> None:
    """The form always fills them in."""
    asked = settings(scenario="staged", users=5, run_time_s=3)
    with pytest.raises(
        ConfigurationError, match=r"-u/--users, -t/--run-time: the scenario 'staged' says itself"
    ):
        load_asked_scenario(asked, web=False)
    assert load_asked_scenario(asked, web=True).name == "staged"


def test_time_scale_stretches_the_load() -> None:
    assert load_asked_scenario(settings(time_scale=0.1), web=False).planned_s == pytest.approx(27.0)


@pytest.mark.parametrize(
    ("given", "levels"),
    [
        ({}, {0: 1, 1e6: 1}),
        ({"users": 5, "spawn_rate": 5.0, "run_time_s": 10}, {0: 5, 9.9: 5, 10: 0}),
        ({"users": 20, "spawn_rate": 2.0, "run_time_s": 30}, {0: 0, 5: 10, 10: 20, 29: 20, 30: 0}),
        ({"users": 100, "spawn_rate": 1.0, "run_time_s": 10}, {5: 5, 9: 9, 10: 0}),
    ],
)
def test_manual_users_come_at_the_spawn_rate(given: dict[str, Any], levels: dict[float, float]) -> None:
    profile = build_manual_profile(settings(**given))
    assert {t_s: profile.compute_level(t_s) for t_s in levels} == pytest.approx(levels)


def checked(*words: str) -> Namespace:
    typed = build_parser().parse_args(words)
    typed.scenario = check_options(typed)
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
