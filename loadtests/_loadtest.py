"""One environment's load test: the scenario chosen, the run under way, the verdict it ended with."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final, Literal

import gevent
from locust import User
from locust.env import Environment
from locust.runners import Runner

from configuration.scenario import Scenario
from loadtests import _facts
from loadtests._arguments import as_options, manual_profile
from loadtests._generator import Monitor
from loadtests._judging import JudgingError, Verdict, judge
from loadtests._locust_files import write_locust_files
from loadtests._progress import ProgressLine
from loadtests._recorder import Recorder
from loadtests._recording import make_folder, point_latest
from loadtests._run import Run
from loadtests._sending import Sending
from loadtests._target import described_service, headers_from_environment
from loadtests._users import USER_CLASSES
from reports.facts import Facts
from shapes.locust_shape import ProfileShape

logger = logging.getLogger(__name__)

SEAL_S: Final = 0.25
ROUNDING_S: Final = 0.5
ENDLESS_S: Final = 1e9
"""Stands in run.json for the end of a stage that has none until the run is stopped."""
NEEDED_BYTES: Final = 2**20
"""What the smallest run and its report take; without that much room none is begun."""


class LoadTest:
    """Choose a scenario, then `begin` and `finish` a run of it, as often as the web UI's user likes."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.options = as_options(environment)
        self.headers = headers_from_environment()
        self.scenario: Scenario
        self.interrupted: str | None = None
        """The signal that ended the run early, if one did."""
        self.run: Run | None = None
        """The run under way, or the last one."""
        self.verdict: Verdict | None = None
        """The verdict on the last run; None while one goes on."""
        self.sending: Sending | None = None
        self.progress: ProgressLine | None = None
        self._shape = ProfileShape()
        self._shape.runner = environment.runner
        self._finishing: gevent.Greenlet | None = None

    @property
    def runner(self) -> Runner:
        """The environment's runner, which is there from `init` on."""
        assert self.environment.runner is not None
        return self.environment.runner

    @property
    def phase(self) -> Literal["idle", "running", "judging", "done"]:
        """Where the newest run is: `idle` before the first, `done` once its verdict is there or can't be."""
        if self.run is None:
            return "idle"
        if self._finishing is None:
            return "running"
        return "done" if self._finishing.ready() else "judging"

    @property
    def host(self) -> str:
        """The base URL aimed at, without a trailing slash; empty when none was given."""
        return (self.environment.host or "").rstrip("/")

    def choose(self, scenario: Scenario) -> None:
        """Take `scenario` for the next run: its profile, its users, its patience when it stops."""
        if scenario.is_manual:
            self.environment.shape_class = None
            scenario = scenario.with_profile(manual_profile(self.options))
        else:
            self.environment.shape_class = self._shape
        self._shape.follow(scenario.full_profile)
        self.scenario = scenario
        self.environment.stop_timeout = max(self.environment.stop_timeout, scenario.traffic.timeout_s)
        if self.options.user_classes or self.options.class_picker:
            self.keep_users()
        else:
            self._take_users(scenario)

    def keep_users(self) -> None:
        """Let the environment's user classes, picked by hand, replace those of the scenario."""
        names: dict[type[User], str] = {user_class: name for name, user_class in USER_CLASSES.items()}
        weights = {
            names.get(picked, picked.__name__): float(picked.weight)
            for picked in self.environment.user_classes
        }
        traffic = replace(self.scenario.traffic, user_classes=weights)
        self.scenario = replace(self.scenario, traffic=traffic)

    def _take_users(self, scenario: Scenario) -> None:
        classes: list[type[User]] = []
        for name, weight in scenario.traffic.user_classes.items():
            user_class = USER_CLASSES[name]
            user_class.weight = weight
            classes.append(user_class)
        self.environment.user_classes = classes

    def prepare_folder(self) -> None:
        """OSError, in a sentence, unless runs can be kept where the options say."""
        out = Path(self.options.out)
        try:
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=out) as probe:
                probe.write(bytes(NEEDED_BYTES))
        except OSError as error:
            reason = error.strerror or error
            raise OSError(f"runs can't be kept in {out}: {reason}. Name another folder: --out DIR") from None

    @property
    def _endpoint_names(self) -> list[str]:
        return [endpoint.name for endpoint in self.scenario.traffic.endpoints]

    def begin(self) -> None:
        """Start a run: its folder, its requests, its clock. Called when Locust starts a test."""
        run = self.run = self._open_run()
        self.verdict = None
        self._finishing = None
        recorder = Recorder(lambda raw: run.take(raw, recorder.endpoints), self._endpoint_names)
        self.sending = Sending(
            self.scenario, self.host, self.headers, recorder, self.environment.events.request.fire
        )
        self.environment.events.request.add_listener(recorder.on_request)
        self._recorder = recorder
        self._monitor = Monitor(run.observe, "generator")
        self._sealing = gevent.spawn(_every, SEAL_S, recorder.seal)
        run.started = recorder.started = self._shape.start_time = perf_counter()

    def stop_clock(self) -> None:
        """The load ends now; replies in flight may still come."""
        if self.run is not None:
            self.run.stop_clock()

    def finish(self) -> None:
        """Close the run's folder and have it judged, once; wait until that is done.

        The work goes on in a greenlet of its own, so that it survives the caller's being killed.
        """
        if self.run is not None and self._finishing is None:
            self._finishing = gevent.spawn(self._finish, self.run)
        if self._finishing is not None:
            self._finishing.join()

    def _finish(self, run: Run) -> None:
        run.stop_clock()
        self._monitor.stop()
        self._sealing.kill()
        self._recorder.seal()
        self.environment.events.request.remove_listener(self._recorder.on_request)
        run.close(self._interruption(run), self._offered)
        try:
            write_locust_files(self.environment, run.folder / "locust")
            self.verdict = judge(run.folder)
            point_latest(run.folder)
        except (JudgingError, OSError) as error:
            logger.error(error)
            return
        if not self.options.calm:
            for objective in self.verdict["objectives"]:
                if objective["outcome"] == "missed":
                    logger.error("objective missed: %s", objective["message"])

    def _open_run(self) -> Run:
        scenario, options = self.scenario, self.options
        facts = Facts(
            scenario=scenario.name,
            description=scenario.description,
            model=scenario.load.model,
            host=self.host,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            stages=tuple(replace(stage, end_s=min(stage.end_s, ENDLESS_S)) for stage in scenario.stages),
            objectives=tuple(str(objective) for objective in scenario.objectives),
            plan=scenario.plan(),
            planned_s=scenario.planned_s,
            expected=scenario.expected,
            confidence=scenario.confidence,
            require_proof=options.require_proof,
            resolved=scenario.resolved(),
            time_scale=options.time_scale,
            seeds=scenario.seeds,
            service=described_service(self.host, self.headers),
            versions=_facts.versions(),
            machine=_facts.machine(),
            git_commit=_facts.git_commit(),
            command=_facts.command_typed(),
            note=options.note,
        )
        folder = make_folder(Path(options.out), scenario.name)
        return Run(folder, facts, scenario.objectives, lambda: self.runner.user_count)

    def _offered(self, requests: int, elapsed_s: float) -> float | None:
        """Requests recorded as a share of those planned until `elapsed_s`."""
        planned = self.scenario.planned_requests(0.0, elapsed_s)
        return requests / planned if planned else None

    def _interruption(self, run: Run) -> str | None:
        """What ended the run before its plan did."""
        if self.interrupted is not None:
            return self.interrupted
        planned_s = run.facts.planned_s
        complete = self._shape.completed or planned_s is None or run.elapsed_s >= planned_s - ROUNDING_S
        return None if complete else "stopped by hand"


def _every(period_s: float, act: Callable[[], None]) -> None:
    while True:
        gevent.sleep(period_s)
        act()
