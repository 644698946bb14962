"""What was typed becomes a scenario, or a sentence that says what is wrong with it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from configuration.errors import ConfigurationError
from configuration.loading import restore_scenario
from loadtests.cli.command import build_parser, check_options
from loadtests.cli.settings import Settings, build_manual_profile, load_asked_scenario, write_run_time


def settings(**changes: Any) -> Settings:
    """Those of a command line on which nothing was typed, but for the changes."""
    return Settings(**{"scenario": "staged", "is_default_scenario": "scenario" not in changes, **changes})


def test_nothing_asked_is_the_staged_scenario() -> None:
    assert load_asked_scenario(settings(), web=False).name == "staged"


@pytest.mark.parametrize("given", [{"users": 5}, {"spawn_rate": 2.0}, {"run_time_s": 10}])
def test_users_without_a_scenario_mean_manual(given: dict[str, Any]) -> None:
    assert load_asked_scenario(settings(**given), web=False).is_manual


def test_users_beside_a_scenario_replace_its_load_but_not_in_the_web_form() -> None:
    """The form always fills them in."""
    asked = settings(scenario="steady", users=20, spawn_rate=10.0, run_time_s=90)
    own, overridden = load_asked_scenario(asked, web=True), load_asked_scenario(asked, web=False)
    assert own.load_override == ""
    assert overridden.load_override == "load overridden by -u 20 -r 10 -t 1m30s"
    assert (overridden.traffic, overridden.objectives) == (own.traffic, own.objectives)
    assert overridden.planned_s == 90
    assert [overridden.full_profile.compute_level(t_s) for t_s in (1, 2, 89)] == pytest.approx([10, 20, 20])


@pytest.mark.parametrize(
    ("given", "users", "planned_s"),
    [({"users": 20}, 20, 120), ({"run_time_s": 300}, 50, 300), ({"spawn_rate": 5.0}, 50, 120)],
)
def test_what_is_not_typed_stays_that_of_the_scenario(
    given: dict[str, Any], users: int, planned_s: float
) -> None:
    """Its highest number of users and its duration; steady has 50 users for 2 min."""
    overridden = load_asked_scenario(settings(scenario="steady", **given), web=False)
    assert (overridden.full_profile.peak, overridden.planned_s) == (users, planned_s)


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        ("open", "-u/--users: the scenario 'open' follows the open model: requests arrive at a rate"),
        (
            "spike",
            "-u/--users: the objective 'p95 latency <= 50 ms during before the spike' is about a stage",
        ),
    ],
)
def test_a_load_that_can_not_be_replaced_is_told(scenario: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        load_asked_scenario(settings(scenario=scenario, users=5), web=False)
    assert str(told.value).startswith(sentence)


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45s"), (120, "2m"), (3690, "1h1m30s"), (3600, "1h"), (0, "0s")]
)
def test_a_run_time_is_written_as_locust_reads_it(seconds: int, text: str) -> None:
    assert write_run_time(seconds) == text


def test_objectives_are_added_to_those_of_a_scenario_and_replace_those_of_manual() -> None:
    asked = ("p90 latency <= 1 s", "errors <= 1 per 100 requests")
    added = load_asked_scenario(settings(scenario="smoke", objectives=asked), web=False)
    assert [str(each) for each in added.objectives] == ["p95 latency <= 100 ms", "error rate <= 0 %", *asked]
    replaced = load_asked_scenario(settings(users=5, objectives=asked), web=False)
    assert tuple(str(each) for each in replaced.objectives) == asked


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        ("p95 latency <= 1 s on predicton", "there is no endpoint 'predicton'; did you mean 'prediction'?"),
        ("p95 latency <= 1 s during nap", "there is no stage 'nap'"),
        ("p95 latency <= 100 ms", "'p95 latency <= 100 ms' is stated already; leave one out"),
    ],
)
def test_an_objective_that_does_not_fit_the_scenario_is_told(objective: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^--objective: ") as told:
        load_asked_scenario(settings(scenario="smoke", objectives=(objective,)), web=False)
    assert sentence in str(told.value)


def test_objectives_name_what_users_of_ones_own_send() -> None:
    asked = settings(own_users=True, objectives=("p95 latency <= 1 s on visit",))
    scenario = load_asked_scenario(asked, web=False)
    assert scenario.is_manual, "without a scenario, users of one's own follow -u, -r and -t"
    assert restore_scenario(scenario.resolve(), Path("manual.yaml")).objectives == scenario.objectives


@pytest.mark.parametrize("scenario", ["steady", "manual"])
def test_a_load_shape_of_ones_own_replaces_the_load(scenario: str) -> None:
    found = load_asked_scenario(settings(scenario=scenario, own_shape="Double"), web=True)
    assert found.is_manual
    assert found.load_override == "load driven by the shape class Double"
    assert found.objectives == load_asked_scenario(settings(scenario=scenario), web=True).objectives


@pytest.mark.parametrize(
    ("given", "method", "source"),
    [
        ({}, "GET", None),
        ({"method": "delete"}, "DELETE", None),
        ({"payload": '{"x": 1}'}, "POST", {"schema": {"const": {"x": 1}}}),
        ({"payload": "[1, 2]", "method": "PUT"}, "PUT", {"schema": {"const": [1, 2]}}),
    ],
)
def test_a_path_says_what_is_sent_where_no_scenario_does(
    given: dict[str, Any], method: str, source: dict[str, Any] | None
) -> None:
    scenario = load_asked_scenario(settings(path="/predict", users=1, **given), web=False)
    (endpoint,) = scenario.traffic.all_endpoints
    assert (endpoint.name, endpoint.path, endpoint.method) == ("request", "/predict", method)
    sent = None if endpoint.payload is None else endpoint.payload.source.resolve()
    assert sent == source
    assert restore_scenario(scenario.resolve(), Path("manual.yaml")).traffic == scenario.traffic


def test_a_payload_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"x": 1}')
    (tmp_path / "many.csv").write_text("x\n1\n2\n")
    for name, source in (("one.json", {"schema": {"const": {"x": 1}}}), ("many.csv", None)):
        asked = settings(path="/predict", payload=str(tmp_path / name), users=1)
        payload = load_asked_scenario(asked, web=False).traffic.endpoints[0].payload
        assert payload is not None
        assert payload.source.resolve() == (source or {"file": str(tmp_path / name)})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"method": "PUT"}, "--method says how to ask an endpoint: add its path, --path /predict"),
        ({"payload": "{}"}, "--payload says how to ask an endpoint: add its path, --path /predict"),
        ({"path": "/x", "method": "BREW"}, "--method BREW is not known: give one of GET, HEAD, POST"),
        ({"path": "/x", "method": "post"}, "--method POST sends a body: give it, --payload"),
        ({"path": "/x", "payload": "{x}"}, "--payload is no JSON value (Expecting property name"),
        ({"path": "/x", "payload": "none.json"}, "--payload none.json can't be read: "),
        ({"path": "/x", "payload": "none.csv"}, "expected a file; there is none at"),
        ({"path": "x"}, "expected a path on the host that begins with /"),
        ({"path": "/x", "scenario": "batch"}, "--path: the scenario 'batch' says itself what is sent"),
    ],
)
def test_an_endpoint_that_can_not_be_is_told(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        load_asked_scenario(settings(**given), web=False)
    assert sentence in str(told.value)


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
