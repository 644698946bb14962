"""What a start in the web UI does about the run before it, from hand-built states."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, jsonify
from locust.event import EventHook

from loadtests.cli.settings import Settings
from loadtests.client.target import Target
from loadtests.preflight.asking import PreflightError
from loadtests.webui import starts
from loadtests.webui.starts import UNDER_WAY, Starts

HOST = "http://127.0.0.1:8000"


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch) -> Any:
    """As much of a controller as a start looks at, with no run so far."""
    monkeypatch.setattr(starts, "await_service", lambda *_, **__: None)
    made = SimpleNamespace(
        settings=Settings(scenario="smoke", preflight=False),
        environment=SimpleNamespace(events=SimpleNamespace(test_start=EventHook())),
        host=HOST,
        headers={},
        phase="idle",
        run=None,
        verdict=None,
        runner=SimpleNamespace(shape_greenlet=None, stop=lambda: None),
        chosen=[],
        parse_target=lambda host=HOST: Target.parse(host),
        finish=lambda: None,
        require_room=lambda: None,
    )
    made.choose = lambda scenario, settings: made.chosen.append((scenario.name, settings.note))
    return made


@pytest.fixture
def application(controller: Any) -> Flask:
    """Locust's view between the checks, which starts a run when it is asked."""
    app = Flask(__name__)
    web_ui: Any = SimpleNamespace(template_args={"extra_options": {"scenario": {}, "note": {}}})
    made = Starts(controller, web_ui)
    app.before_request(made.check)
    app.after_request(made.confirm)
    app.teardown_request(made.release)

    @app.post("/swarm")
    def swarm() -> Any:
        controller.run, controller.phase = object(), "running"
        controller.environment.events.test_start.fire()
        return jsonify({"success": True})

    return app


def test_a_start_chooses_what_the_form_asks_for(application: Flask, controller: Any) -> None:
    answer = application.test_client().post("/swarm", data={"scenario": "smoke", "note": "after the fix"})
    assert answer.get_json() == {"success": True}
    assert controller.chosen == [("smoke", "after the fix")]


def test_a_start_during_a_run_is_refused_and_keeps_nobody_waiting(
    application: Flask, controller: Any
) -> None:
    client = application.test_client()
    client.post("/swarm", data={"scenario": "smoke"})
    for _ in range(2):
        answer = client.post("/swarm", data={"scenario": "steady"}).get_json()
        assert answer == {"success": False, "message": UNDER_WAY, "host": HOST}
    assert len(controller.chosen) == 1


def test_what_the_preflight_finds_is_told_before_locust_acts(
    application: Flask, controller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise PreflightError("nothing was run: 1 request failed")

    monkeypatch.setattr(starts, "check_endpoints", fail)
    controller.settings = Settings(scenario="smoke", preflight=True)
    controller.scenario = None
    answer = application.test_client().post("/swarm", data={"scenario": "smoke"}).get_json()
    assert answer["message"] == "nothing was run: 1 request failed"
    assert controller.run is None


def test_what_cannot_be_started_is_told_before_locust_acts(application: Flask, controller: Any) -> None:
    answer = application.test_client().post("/swarm", data={"scenario": "unheard of"}).get_json()
    assert "There is no scenario 'unheard of' here" in answer["message"]
    assert controller.run is None


def test_a_public_host_typed_into_the_form_has_to_be_allowed(application: Flask, controller: Any) -> None:
    form = {"scenario": "smoke", "host": "http://192.0.2.1:8000"}
    told = application.test_client().post("/swarm", data=form).get_json()["message"]
    assert told.startswith("192.0.2.1 is an address in the public network; confirm that it may be")
    controller.settings = replace(controller.settings, allow_hosts=("192.0.2.1",))
    assert application.test_client().post("/swarm", data=form).get_json() == {"success": True}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("user_count", "1000000000", "1,000,000,000 users are impossible: give at most 1,000,000"),
        ("user_count", "9" * 5_000, "Number of users"),
        ("spawn_rate", "1e300", "1e+300 users a second are impossible: give a number from 0.0001"),
    ],
)
def test_users_beyond_any_load_test_are_refused(
    application: Flask, field: str, value: str, sentence: str
) -> None:
    form = {"scenario": "manual", field: value}
    assert application.test_client().post("/swarm", data=form).get_json()["message"].startswith(sentence)
