"""One environment's load test: the scenario chosen, the run under way, the verdict it ended with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Literal

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import STATE_INIT, STATE_STOPPED, STATE_STOPPING, MasterRunner, Runner, WorkerRunner

from configuration.load import Calibration
from configuration.scenario import Scenario
from loadtests.cli.options import as_options, manual_profile
from loadtests.client.target import Target, headers_from_environment
from loadtests.exposition.server import Exposition
from loadtests.monitoring.service import Beside
from loadtests.recording.facts import facts_of
from loadtests.recording.run import Run
from loadtests.recording.writer import make_folder, point_latest, require_room
from loadtests.session import early_end
from loadtests.session.judging import JudgingError, Verdict, judge
from loadtests.session.locust_files import write_locust_files
from loadtests.session.planned import arrivals_missing, offered
from loadtests.session.progress import ProgressLine
from loadtests.traffic.calibration import find_capacity
from loadtests.traffic.generator import Generator, Sent
from loadtests.traffic.payloads import check_bodies
from loadtests.traffic.sender import Sending
from loadtests.traffic.user_mix import take_users, with_picked_users
from loadtests.workers.protocol import COUNT_PATIENCE_S, HEAD_START_S, Workers, connect
from loadtests.workers.worker import Part
from reports.data.telemetry import GENERATOR
from shapes.locust_shape import ProfileShape

logger = logging.getLogger(__name__)

EARLY_S: Final = 0.02
"""An event loop may wake up as much before its time; what ends a run earlier is no plan."""


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
        self.judged_at_s = 0.0
        """When it was reached, in seconds since the epoch."""
        self.on_begin: list[Callable[[Run], None]] = []
        """Who is shown each run before its first request."""
        self.exposition: Exposition | None = None
        """Where its metrics are told, if anywhere."""
        self.workers: Workers | None = None
        """The processes that generate the load, where this one is their master."""
        self.progress: ProgressLine | None = None
        self._generator: Generator | None = None
        self._beside: Beside | None = None
        self._order: dict[str, Any]
        self._stated: Scenario
        self._shape = ProfileShape()
        self._shape.runner = environment.runner
        self._finishing: gevent.Greenlet | None = None
        self._ended = Event()
        """Set once the users of the newest run have stopped."""
        working = isinstance(self.runner, WorkerRunner)
        self._part = Part(environment, self.options, self.headers) if working else None
        connect(self.runner, self._part, lambda: self.workers)
        if self._part is None:
            self._quit = self.runner.quit
            self.runner.quit = self.quit  # type: ignore[method-assign]

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
    def sending(self) -> Sending:
        """What this process sends; there while it generates load."""
        if self._part is not None:
            return self._part.sending
        assert self._generator is not None
        return self._generator.sending

    @property
    def host(self) -> str:
        """The base URL aimed at, without a trailing slash; empty when none was given."""
        return (self.environment.host or "").rstrip("/")

    def choose(self, scenario: Scenario) -> None:
        """Take `scenario` for the next run: its profile, its users, its patience when it stops."""
        check_bodies(scenario)
        if scenario.is_manual:
            scenario = scenario.with_profile(manual_profile(self.options))
            self.options.run_time = None  # the shape keeps it, from the run's own start
        # An endless load is Locust's: it can be edited, and goes on until it is stopped.
        self.environment.shape_class = None if scenario.planned_s is None else self._shape
        self._stated = scenario
        if scenario.load.calibration is not None:
            scenario = scenario.calibrated(1.0)  # the stages' times are known, their levels are not yet
        opened = scenario.load.model == "open"
        self._shape.follow(scenario.full_profile, one_a_process=opened)
        self.scenario = scenario
        self._order = scenario.resolved()
        self.environment.stop_timeout = max(self.environment.stop_timeout, scenario.traffic.timeout_s)
        if not opened and (self.options.user_classes or self.options.class_picker):
            self.keep_users()
        else:
            take_users(self.environment, scenario)

    def keep_users(self) -> None:
        """Let the environment's user classes, picked by hand, replace those of the scenario.

        In the open model nobody is a user: its arrivals stay.
        """
        if self.scenario.load.model == "open":
            take_users(self.environment, self.scenario)
        else:
            self.scenario = with_picked_users(self.scenario, self.environment)
            self._stated = with_picked_users(self._stated, self.environment)

    def prepare_folder(self) -> None:
        """OSError, in a sentence, unless runs can be kept where the options say."""
        require_room(Path(self.options.out))

    def begin(self) -> None:
        """Start a run: its folder, its requests, its clock. Called when Locust starts a test."""
        if self._part is not None:
            return
        run = self.run = self._open_run()
        for show in self.on_begin:
            show(run)
        self._ended.clear()
        self.verdict = None
        self.workers = None
        self._finishing = None
        calibration = self._stated.load.calibration
        if calibration is not None or not isinstance(self.runner, MasterRunner):
            self._generator = Generator(self.environment, self.scenario, self.host, self.headers)
            self._generator.start(run.take, run.observe, GENERATOR)
            self._begin_at(run, perf_counter())
            if calibration is not None:
                self._calibrate(run, calibration)
        if isinstance(self.runner, MasterRunner) and run.goes_on:
            self._stop_generating()
            self.workers = Workers(self.runner, run, self._order, self.host)
            self.workers.await_ready()
            if calibration is None:
                self._begin_at(run, perf_counter() + HEAD_START_S)
            self.workers.start(time.time() + run.started - perf_counter())
        early_end.watch(run, self.scenario, self.give_up)

    def _begin_at(self, run: Run, instant: float) -> None:
        """Count the run's time from `instant`, on the clock of `time.perf_counter`."""
        run.started = instant
        run.facts = replace(run.facts, began_s=time.time() + instant - perf_counter())
        self._shape.start_at(instant)
        self._beside = Beside(Target.parse(self.host), self.headers.items(), run.observe)
        if self._generator is not None:
            self._generator.begin_at(instant)

    def _calibrate(self, run: Run, calibration: Calibration) -> None:
        """Find the capacity and turn the load that was stated in multiples of it into rates."""
        capacity_per_s = find_capacity(self.sending, calibration, run.started, lambda: run.goes_on)
        if not run.goes_on:
            return
        if not capacity_per_s:
            run.fault("the calibration found no capacity: not one request was answered as it ought to be")
            gevent.spawn(self.give_up)
            return
        self.scenario = self.sending.scenario = self._stated.calibrated(capacity_per_s)
        self._order = self.scenario.resolved()
        run.facts = replace(run.facts, plan=self.scenario.plan(), capacity_per_s=capacity_per_s)

    def give_up(self) -> None:
        """Let the shape end the test, lest Locust, which waits for it, stops the users a second time."""
        if self.environment.web_ui is not None:
            self.environment.web_ui._cancel_run_time_timer()
        if self.environment.shape_class is not None:
            self._shape.end()
            return
        self.stop()
        if self.options.headless:
            self.runner.quit()

    def stop(self) -> None:
        """Stop the users, here and on workers, and finish the run: `quit` alone waits for no worker.

        Where somebody is stopping them already, wait for that: a `quit` meanwhile would end the talk with
        the workers.
        """
        if self.runner.state == STATE_STOPPING:
            self._ended.wait(self.environment.stop_timeout + COUNT_PATIENCE_S)
        elif self.runner.state not in (STATE_INIT, STATE_STOPPED):
            self.runner.stop()

    def quit(self) -> None:
        """Quit as Locust does, but never before the run is finished: it would no longer hear its workers."""
        self.stop()
        self.finish()
        self._quit()

    def stop_clock(self) -> None:
        """The load ends now; replies in flight may still come."""
        if self.run is not None:
            self.run.stop_clock()
        if self._beside is not None:
            self._beside.stop()

    def finish(self) -> None:
        """Close the run's folder and have it judged, once; wait until that is done.

        The work goes on in a greenlet of its own, so that it survives the caller's being killed.
        """
        self._ended.set()
        if self._part is not None:
            self._part.finish()
            return
        if self.run is not None and self._finishing is None:
            self._finishing = gevent.spawn(self._finish, self.run)
        if self._finishing is not None:
            self._finishing.join()

    def _stop_generating(self) -> Sent:
        """Hand on the last rows; return how many requests of this process there were in all."""
        sent = Sent() if self._generator is None else self._generator.stop()
        self._generator = None
        if sent.lost and self.run is not None:
            self.run.fault(f"{sent.lost:,} requests could not be recorded")
        return sent

    def _finish(self, run: Run) -> None:
        self.stop_clock()
        self._stop_generating()
        if self.workers is not None:
            self.workers.wait(self.scenario.traffic.timeout_s + COUNT_PATIENCE_S)
        uncalibrated = self._stated.load.calibration is not None and run.facts.capacity_per_s is None
        shares = 1 if self.workers is None else self.workers.shares
        if not uncalibrated and (missing := arrivals_missing(self.scenario, shares, run)):
            run.fault(missing)
        try:
            run.close(self._interruption(run), partial(offered, self.scenario))
            write_locust_files(self.environment, run.folder / "locust")
            self.verdict = judge(run.folder)
            self.judged_at_s = time.time()
            point_latest(run.folder)
        except (JudgingError, OSError) as error:
            logger.error(error)
            return
        if not self.options.calm:
            for objective in self.verdict["objectives"]:
                if objective["outcome"] == "missed":
                    logger.error("objective missed: %s", objective["message"])

    def _open_run(self) -> Run:
        workers = getattr(self.runner, "worker_count", 1)
        facts = facts_of(self.scenario, self._stated, self.options, self.host, self.headers, workers)
        folder = make_folder(Path(self.options.out), self.scenario.name)
        return Run(folder, facts, self.scenario.objectives, self._look, lambda: gevent.spawn(self.give_up))

    def _look(self) -> int:
        """Look after the workers, now and then; return how many users run."""
        if self.workers is not None:
            self.workers.watch()
        return self.runner.user_count

    def _interruption(self, run: Run) -> str | None:
        """What ended the run before its plan did."""
        if run.facts.decided or run.facts.given_up is not None:
            return None
        planned_s = run.facts.planned_s
        if planned_s is None or run.elapsed_s >= planned_s - EARLY_S:
            return None
        return self.interrupted or "stopped by hand"
