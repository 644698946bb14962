"""Starts runs from the web form: checked before Locust acts, and one at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import gevent
from flask import Response, g, jsonify, request
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from locust.runners import MasterRunner
from locust.util.timespan import parse_timespan
from locust.web import WebUI

from configuration.errors import ConfigurationError
from configuration.loading import list_scenario_names
from loadtests.cli.adhoc import check_foreign
from loadtests.cli.settings import load_asked_scenario
from loadtests.cli.values import LONGEST_COUNT
from loadtests.client.reach import check_reach
from loadtests.client.readiness import NoAnswerError
from loadtests.client.target import HEADERS_VARIABLE, Target
from loadtests.preflight.asking import PreflightError, check_endpoints
from loadtests.session.controller import Controller
from loadtests.session.readiness import await_service
from loadtests.webui.verdict import FinishedRun

ANSWER_PATIENCE_S: Final = 2.0
JUDGING_PATIENCE_S: Final = 60.0
BEGIN_PATIENCE_S: Final = 30.0
FIELDS: Final = frozenset(
    ("host", "user_count", "spawn_rate", "run_time", "user_classes", "shape_class", "profile")
)
"""The fields of Locust's form, besides the options declared for it, such as the scenario."""
RUN_TIMES: Final = "20, 20s, 3m, 2h, 1h20m"
UNDER_WAY: Final = (
    "The run goes on unchanged: it is judged by the load it was started with. "
    "For another load, stop it and start a new one."
)


class Starts:
    """Starts run after run, one at a time; remembers those that are over.

    Locust's own view starts a run. `check` comes before it and may answer in its place, `confirm` comes after
    it, and `release` at the end of the request whatever happened.
    """

    def __init__(self, controller: Controller, web_ui: WebUI) -> None:
        asked = controller.settings
        self.chosen = controller.scenario.name if asked.is_default_scenario else asked.scenario
        """The scenario that the form shows."""
        self.choices = list(dict.fromkeys([*list_scenario_names(), self.chosen]))
        self.notice = ""
        """For whoever tried to start or edit during the run: Locust's page drops the answer."""
        self._controller = controller
        self._web_ui = web_ui
        self._origin = _find_origin(controller)
        self._earlier: list[FinishedRun] = []
        self._one_at_a_time = BoundedSemaphore()
        self._began = Event()
        controller.environment.events.test_start.add_listener(lambda **_: self._began.set())

    @property
    def finished(self) -> list[FinishedRun]:
        """The runs that are over, the newest last."""
        run = self._controller.run
        if run is None or self._controller.phase != "done":
            return list(self._earlier)
        return [*self._earlier, FinishedRun(run.folder, self._controller.verdict)]

    def check(self) -> Response | None:
        """Prepare what the form asks for; answer in a sentence if it can't be started."""
        self._one_at_a_time.acquire()
        g.starting = True
        if self._controller.phase == "running":
            self.notice = UNDER_WAY
            return self._refuse(UNDER_WAY)
        try:
            self._await_verdict()
            self._prepare(request.form)
        except (ConfigurationError, NoAnswerError, PreflightError, ValueError, OSError) as error:
            return self._refuse(str(error))
        g.before = (self._controller.run, self.finished)
        self._began.clear()
        return None

    def confirm(self, response: Response) -> Response:
        """Return when the run has begun, so that whoever asks next finds it under way."""
        before = g.pop("before", None)
        if before is None or not response.is_json or not response.get_json()["success"]:
            return response
        last, finished = before
        self._began.wait(BEGIN_PATIENCE_S)
        if self._controller.run is last:
            self._controller.runner.stop()
            return self._refuse("The run could not begin; Locust's log says why.")
        self._earlier = finished
        self.notice = ""
        return response

    def release(self, _: BaseException | None) -> None:
        """Let the next start be checked."""
        if g.pop("starting", False):
            self._one_at_a_time.release()

    def _await_verdict(self) -> None:
        """Return when the last run, if there was one, is judged and Locust is done with it."""
        controller = self._controller
        late = ValueError("The last run is still being judged. Start again in a minute.")
        with gevent.Timeout(JUDGING_PATIENCE_S, late):
            controller.finish()
            if controller.runner.shape_greenlet is not None:
                controller.runner.shape_greenlet.join()

    def _prepare(self, form: Mapping[str, str]) -> None:
        """Choose the scenario, and make sure that a run of it can be kept and sent."""
        self._check_fields(form)
        self._check_workers()
        name = form.get("scenario", self.chosen)
        if name not in self.choices:
            raise ValueError(f"There is no scenario {name!r} here. There is: {', '.join(self.choices)}.")
        host = form.get("host", self._controller.host).rstrip("/")
        if not host:
            raise ValueError("No host to test. Fill in Host, for example http://127.0.0.1:8000.")
        self._check_origin(host)
        settings = replace(
            self._controller.settings,
            scenario=name,
            is_default_scenario=False,
            users=_read_users(form),
            spawn_rate=_read_spawn_rate(form),
            run_time_s=_read_run_time_s(form),
            note=form.get("note", self._controller.settings.note),
        )
        scenario = load_asked_scenario(settings, web=True)
        self._controller.choose(scenario, settings)
        self.chosen = name
        self._controller.require_room()
        target = self._controller.parse_target(host)
        check_reach(target, (*settings.allow_hosts, *scenario.allow_hosts))
        await_service(scenario, target, ANSWER_PATIENCE_S)
        if not settings.own_users:
            check_foreign(scenario, target)
            if settings.preflight:
                check_endpoints(scenario, target)

    def _check_workers(self) -> None:
        """Make sure that the workers of this master have joined."""
        runner = self._controller.runner
        expected = self._controller.settings.expected_workers
        if isinstance(runner, MasterRunner) and (joined := len(runner.clients.ready)) < expected:
            raise ValueError(
                f"{joined} of {expected} workers have joined, and a run waits for all. Start one on any "
                "machine: python -m loadtests --worker --master-host HOST"
            )

    def _check_fields(self, form: Mapping[str, str]) -> None:
        """Let the form set only what it shows: Locust takes any argument from it."""
        foreign = form.keys() - FIELDS - self._web_ui.template_args["extra_options"].keys()
        if foreign:
            names = ", ".join(sorted(foreign))
            raise ValueError(f"The form can't set {names}; give such arguments when Locust is started.")

    def _check_origin(self, host: str) -> None:
        """Make sure that `host` is a URL, and that headers are sent only where they are meant for."""
        origin = Target.parse(host).origin
        if self._controller.headers and origin != self._origin:
            meant = f"meant for {self._origin} only" if self._origin else "set, but meant for no host yet"
            raise ValueError(
                f"{HEADERS_VARIABLE} is {meant}. To aim at {origin}, start Locust anew with --host {origin}."
            )

    def _refuse(self, sentence: str) -> Response:
        return jsonify({"success": False, "message": sentence, "host": self._controller.host})


def _find_origin(controller: Controller) -> str | None:
    """The service that the headers are meant for: the host given at the start, if it was a URL."""
    try:
        return controller.parse_target().origin
    except ValueError:
        return None


def _read_users(form: Mapping[str, str]) -> int | None:
    text = form.get("user_count", "").strip()
    if text and (not text.isdecimal() or len(text) > LONGEST_COUNT or int(text) == 0):
        raise ValueError(f"Number of users is {text[:LONGEST_COUNT]!r}; give a whole number, 1 or more.")
    return int(text) if text else None


def _read_spawn_rate(form: Mapping[str, str]) -> float | None:
    text = form.get("spawn_rate", "").strip()
    try:
        rate = float(text or 1.0)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise ValueError(f"Ramp up is {text!r}; give users started a second, a number above 0.")
    return rate if text else None


def _read_run_time_s(form: Mapping[str, str]) -> int | None:
    text = form.get("run_time", "").strip()
    try:
        return parse_timespan(text) if text else None
    except ValueError:
        raise ValueError(f"Run time is {text!r}; give it like {RUN_TIMES}, or leave it empty.") from None
