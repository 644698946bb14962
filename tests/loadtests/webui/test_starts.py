"""What a start in the web UI does about the run before it, from hand-built states."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask import Flask, Response, jsonify
from locust.event import EventHook
from locust.web import WebUI

from loadtests.webui import starts
from loadtests.webui.starts import Starts


def test_a_runs_timer_does_not_end_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust's timer outlives a run that ended early, and a start by a shape leaves it set."""
    monkeypatch.setattr(starts, "wait_until_ready", lambda *_: None)
    loadtest: Any = SimpleNamespace(
        options=Namespace(scenario="smoke", time_scale=1.0, expect_workers=None),
        environment=SimpleNamespace(events=SimpleNamespace(test_start=EventHook())),
        host="http://127.0.0.1:8000",
        headers={},
        phase="done",
        run=None,
        runner=SimpleNamespace(shape_greenlet=None),
        choose=lambda _: None,
        finish=lambda: None,
        prepare_folder=lambda: None,
    )
    web_ui: Any = SimpleNamespace(template_args={"extra_options": {"scenario": {}}})
    web_ui._cancel_run_time_timer = lambda: WebUI._cancel_run_time_timer(web_ui)
    web_ui._run_time_greenlet = timer = gevent.spawn_later(3600.0, pytest.fail, "the next run was ended")

    def go() -> Response:
        assert web_ui._run_time_greenlet is None
        loadtest.run = object()
        loadtest.phase = "running"
        loadtest.environment.events.test_start.fire()
        return jsonify({"success": True})

    with Flask(__name__).test_request_context():
        assert Starts(loadtest, web_ui).start({"scenario": "smoke"}, go).get_json() == {"success": True}
    timer.join(5)
    assert timer.dead
