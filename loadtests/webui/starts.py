"""A start from the web form: checked before Locust acts on it, and never while another run goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import gevent
from flask import Response, jsonify
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from locust.runners import MasterRunner
from locust.util.timespan import parse_timespan
from locust.web import WebUI

from configuration.errors import ConfigurationError
from configuration.loading import scenario_names
from loadtests.cli.options import Unasked, chosen_scenario
from loadtests.client.target import HEADERS_VARIABLE, NoAnswerError, Target, wait_until_ready
from loadtests.session.controller import LoadTest
from loadtests.webui.verdict import Finished

ANSWER_PATIENCE_S: Final = 2.0
JUDGING_PATIENCE_S: Final = 60.0
BEGIN_PATIENCE_S: Final = 30.0
FIELDS: Final = frozenset(
    ("host", "user_count", "spawn_rate", "run_time", "user_classes", "shape_class", "profile")
)
"""What Locust's form holds, besides the arguments that are declared for it, such as the scenario."""
RUN_TIMES: Final = "20, 20s, 3m, 2h, 1h20m"
UNDER_WAY: Final = (
    "The run goes on unchanged: it is judged by the load it was started with. "
    "For another load, stop it and start a new one."
)


class Starts:
    """Start run after run, one at a time; remember those that are over."""

    def __init__(self, loadtest: LoadTest, web_ui: WebUI) -> None:
        asked = loadtest.options.scenario
        chosen = loadtest.scenario.name if isinstance(asked, Unasked) else str(asked)
        loadtest.options.scenario = chosen
        self.choices = list(dict.fromkeys([*scenario_names(), chosen]))
        self.notice = ""
        """What whoever tried to start or edit during the run should know; Locust's page drops the answer."""
        self._loadtest = loadtest
        self._web_ui = web_ui
        self._origin = _origin(loadtest.host)
        self._earlier: list[Finished] = []
        self._one_at_a_time = BoundedSemaphore()
        self._began = Event()
        loadtest.environment.events.test_start.add_listener(lambda **_: self._began.set())

    @property
    def finished(self) -> list[Finished]:
        """The runs that are over, the newest last."""
        run = self._loadtest.run
        if run is None or self._loadtest.phase != "done":
            return list(self._earlier)
        return [*self._earlier, Finished(run.folder, self._loadtest.verdict)]

    def start(self, form: Mapping[str, str], go: Callable[[], Response]) -> Response:
        """Have Locust start what `form` asks for, by `go`; or answer in a sentence why not.

        Returns when the run has begun, so that whoever asks next finds it under way.
        """
        with self._one_at_a_time:
            if self._loadtest.phase == "running":
                self.notice = UNDER_WAY
                return self._refusal(UNDER_WAY)
            try:
                self._wait_for_verdict()
                self._prepare(form)
            except (ConfigurationError, NoAnswerError, ValueError, OSError) as error:
                return self._refusal(str(error))
            last, finished = self._loadtest.run, self.finished
            self._began.clear()
            self._web_ui._cancel_run_time_timer()  # the last run's, if it ended before its time
            response = go()
            if not response.is_json or not response.get_json()["success"]:
                return response
            self._began.wait(BEGIN_PATIENCE_S)
            if self._loadtest.run is last:
                self._loadtest.runner.stop()
                return self._refusal("The run could not begin; Locust's log says why.")
            self._earlier = finished
            self.notice = ""
            return response

    def _wait_for_verdict(self) -> None:
        """Return when the last run, if there was one, is judged and Locust done with it."""
        loadtest = self._loadtest
        late = ValueError("The last run is still being judged. Start again in a minute.")
        with gevent.Timeout(JUDGING_PATIENCE_S, late):
            loadtest.finish()
            if loadtest.runner.shape_greenlet is not None:
                loadtest.runner.shape_greenlet.join()

    def _prepare(self, form: Mapping[str, str]) -> None:
        """Choose the scenario and see that the run can be kept and aimed."""
        self._check_fields(form)
        self._check_workers()
        options = self._loadtest.options
        name = form.get("scenario", options.scenario)
        if name not in self.choices:
            raise ValueError(f"There is no scenario {name!r} here. There is: {', '.join(self.choices)}.")
        host = form.get("host", self._loadtest.host).rstrip("/")
        if not host:
            raise ValueError("No host to test. Fill in Host, for example http://127.0.0.1:8000.")
        self._check_origin(host)
        options.scenario = name
        options.num_users = _users(form)
        options.spawn_rate = _spawn_rate(form)
        options.run_time = _run_time_s(form)
        self._loadtest.choose(chosen_scenario(options, web=True))
        self._loadtest.prepare_folder()
        wait_until_ready(host, self._loadtest.headers, ANSWER_PATIENCE_S)

    def _check_workers(self) -> None:
        """See that those who are to send the load have joined, where this process is their master."""
        runner = self._loadtest.runner
        expected = self._loadtest.options.expect_workers
        if isinstance(runner, MasterRunner) and (joined := len(runner.clients.ready)) < expected:
            raise ValueError(
                f"{joined} of {expected} workers have joined, and a run waits for all. Start one on any "
                "machine: python -m loadtests --worker --master-host HOST"
            )

    def _check_fields(self, form: Mapping[str, str]) -> None:
        """Let the form set what it shows and nothing else, though Locust takes any argument from it."""
        foreign = form.keys() - FIELDS - self._web_ui.template_args["extra_options"].keys()
        if foreign:
            names = ", ".join(sorted(foreign))
            raise ValueError(f"The form can't set {names}; give such arguments when Locust is started.")

    def _check_origin(self, host: str) -> None:
        """See that `host` is a URL, and that no headers are sent where they weren't meant for."""
        origin = Target.parse(host).origin
        if self._loadtest.headers and origin != self._origin:
            meant = f"meant for {self._origin} only" if self._origin else "set, but meant for no host yet"
            raise ValueError(
                f"{HEADERS_VARIABLE} is {meant}. To aim at {origin}, start Locust anew with --host {origin}."
            )

    def _refusal(self, sentence: str) -> Response:
        return jsonify({"success": False, "message": sentence, "host": self._loadtest.host})


def _origin(host: str) -> str | None:
    """Whom the headers are meant for: the host given at the start, if one that can be aimed at was."""
    try:
        return Target.parse(host).origin
    except ValueError:
        return None


def _users(form: Mapping[str, str]) -> int | None:
    text = form.get("user_count", "").strip()
    if text and (not text.isdecimal() or int(text) == 0):
        raise ValueError(f"Number of users is {text!r}; give a whole number, 1 or more.")
    return int(text) if text else None


def _spawn_rate(form: Mapping[str, str]) -> float | None:
    text = form.get("spawn_rate", "").strip()
    try:
        rate = float(text or 1.0)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise ValueError(f"Ramp up is {text!r}; give users started a second, a number above 0.")
    return rate if text else None


def _run_time_s(form: Mapping[str, str]) -> int | None:
    text = form.get("run_time", "").strip()
    try:
        return parse_timespan(text) if text else None
    except ValueError:
        raise ValueError(f"Run time is {text!r}; give it like {RUN_TIMES}, or leave it empty.") from None
