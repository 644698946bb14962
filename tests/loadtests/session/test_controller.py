"""A controller begins a run, tells its listeners, and has it judged once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from locust.env import Environment

from configuration.loading import load_scenario
from loadtests.cli.settings import Settings
from loadtests.recording.run import RunRecording
from loadtests.session import finishing
from loadtests.session.controller import Controller
from loadtests.session.listeners import SessionListener
from reports.data.folder import read_run

NOWHERE = "http://127.0.0.1:9"


class Heard(SessionListener):
    """Keeps what it is told, and where the run was then."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.told: list[tuple[str, str]] = []

    def run_opened(self, _: RunRecording) -> None:
        self.told.append(("opened", self.controller.phase))

    def run_started(self, _: RunRecording) -> None:
        self.told.append(("started", self.controller.phase))

    def load_stopped(self, _: RunRecording) -> None:
        self.told.append(("stopped", self.controller.phase))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were given to judging, which takes another process and seconds."""
    folders: list[Path] = []

    def judge(folder: Path) -> dict[str, Any]:
        folders.append(folder)
        return {"verdict": "pass", "exit_code": 0, "objectives": []}

    monkeypatch.setattr(finishing, "judge_folder", judge)
    return folders


@pytest.fixture
def controller(tmp_path: Path, judged: list[Path]) -> Iterator[Controller]:
    assert judged == [], "nothing is judged yet, and what will be is judged without another process"
    environment = Environment(host=NOWHERE)
    environment.create_local_runner()
    made = Controller(environment, Settings(scenario="smoke", out=tmp_path / "runs", calm=True), {})
    made.choose(load_scenario("smoke"))
    yield made
    made.stop_clock()
    made.finish()


def test_listeners_are_told_in_order_and_once(controller: Controller) -> None:
    heard = Heard(controller)
    controller.listeners.append(heard)
    assert controller.phase == "idle"
    controller.begin()
    controller.stop_clock()
    controller.stop_clock()
    controller.finish()
    assert heard.told == [("opened", "running"), ("started", "running"), ("stopped", "running")]
    assert controller.phase == "done"


def test_a_run_is_closed_and_judged_once(controller: Controller, judged: list[Path]) -> None:
    controller.begin()
    finishing_twice = [gevent.spawn(controller.finish) for _ in range(2)]
    gevent.joinall(finishing_twice, timeout=60)
    controller.finish()
    assert controller.run is not None
    assert judged == [controller.run.folder]
    assert controller.verdict == {"verdict": "pass", "exit_code": 0, "objectives": []}
    assert (controller.run.folder.parent / "latest").resolve() == controller.run.folder
    assert read_run(controller.run.folder).facts.interrupted == "stopped by hand"


def test_who_stopped_it_is_kept(controller: Controller) -> None:
    controller.begin()
    controller.interrupted_by = "SIGTERM"
    controller.finish()
    assert controller.run is not None
    assert read_run(controller.run.folder).facts.interrupted == "SIGTERM"


def test_a_second_run_begins_with_no_verdict(controller: Controller, judged: list[Path]) -> None:
    for _ in range(2):
        controller.begin()
        assert controller.verdict is None
        controller.stop_clock()
        controller.finish()
    assert len(set(judged)) == 2


def test_a_run_that_could_not_begin_says_so(controller: Controller) -> None:
    controller.begin()
    controller.abandon("the run could not begin: no room")
    controller.finish()
    assert controller.run is not None
    assert read_run(controller.run.folder).facts.faults == ("the run could not begin: no room",)


def test_user_classes_keep_their_weights_from_scenario_to_scenario(controller: Controller) -> None:
    """A scenario's weights are not written on classes that other scenarios share."""
    before = {user.__name__: user.weight for user in controller.environment.user_classes}
    for name in ("steady", "smoke"):
        controller.choose(load_scenario(name))
    assert {user.__name__: user.weight for user in controller.environment.user_classes} == before
