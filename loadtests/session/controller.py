"""The session of a single process or a master: begins runs of a chosen scenario and has them judged."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Literal

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, Runner

from configuration.load import Calibration
from configuration.scenario import Scenario
from loadtests.cli.settings import Settings
from loadtests.client.target import Target
from loadtests.monitoring.service import ServiceMonitor
from loadtests.recording.facts import gather_facts
from loadtests.recording.run import RunRecording
from loadtests.recording.writer import make_folder, require_room
from loadtests.session.chosen import ChosenScenario, choose_scenario, take_picked_users
from loadtests.session.driving import make_shape
from loadtests.session.finishing import close_run, describe_interruption, judge_run
from loadtests.session.judging import VerdictJson
from loadtests.session.listeners import SessionListener
from loadtests.traffic.calibration import find_capacity
from loadtests.traffic.generator import LoadGenerator
from loadtests.traffic.references import NO_REFERENCES, References, find_references
from loadtests.traffic.schedule import ArrivalSchedule
from loadtests.traffic.sender import RequestSender
from loadtests.traffic.stopping import UserStop
from loadtests.workers.master import WorkerRoster, hear_workers
from loadtests.workers.protocol import DONE_PATIENCE_S, HEAD_START_S
from reports.data.answers import ComparedAnswers
from reports.data.telemetry import GENERATOR

logger = logging.getLogger(__name__)

Phase = Literal["idle", "running", "judging", "done"]


class Controller:
    """Begins runs of a chosen scenario and has them judged, as often as the user of the web UI likes.

    `stop` ends the users, `finish` closes and judges the run, `quit` does both and ends the talk with the
    workers; each may be called again. The runner's `quit` is ours (`_quit_finished`), Locust's own is
    `_locust_quit`.
    """

    def __init__(self, environment: Environment, settings: Settings, headers: Mapping[str, str]) -> None:
        self.environment = environment
        self.settings = settings
        self.headers = headers
        self.listeners: list[SessionListener] = []
        self.interrupted_by: str | None = None
        """The signal that ended the run early, if one did."""
        self.run: RunRecording | None = None
        """The run under way, or the last one."""
        self.has_ended = False
        """Whether the verdict was told, and the process is about to end."""
        self.verdict: VerdictJson | None = None
        """The verdict on the last run; None while one goes on."""
        self.judged_at_s = 0.0
        """When it was reached, in seconds since the epoch."""
        self._chosen: ChosenScenario
        self._generator: LoadGenerator | None = None
        self._roster: WorkerRoster | None = None
        self._service_monitor: ServiceMonitor | None = None
        self._at_rest: tuple[References, ComparedAnswers | None] | None = None
        self._finishing: gevent.Greenlet | None = None
        self.user_stop = UserStop(environment)
        self._shape = make_shape(environment.shape_class, lambda: self.run)
        self._shape.runner = environment.runner
        if isinstance(self.runner, MasterRunner):
            hear_workers(self.runner, lambda: self._roster)
        self._locust_quit = self.runner.quit
        self.runner.quit = self._quit_finished  # type: ignore[method-assign]

    @property
    def runner(self) -> Runner:
        """The runner of the environment, which is there from Locust's `init` event on."""
        assert self.environment.runner is not None
        return self.environment.runner

    @property
    def scenario(self) -> Scenario:
        """The scenario of the newest run, or of the next one."""
        return self._chosen.scenario

    @property
    def phase(self) -> Phase:
        """Where the newest run is: `idle` before the first, `done` once its verdict is there or can't be."""
        if self.run is None:
            return "idle"
        if self._finishing is None:
            return "running"
        return "done" if self._finishing.ready() else "judging"

    @property
    def host(self) -> str:
        """The base URL of the service, without a trailing slash; empty if none was given."""
        return (self.environment.host or "").rstrip("/")

    @property
    def sender(self) -> RequestSender:
        """Sends the requests of this process; there while it generates load."""
        assert self._generator is not None
        return self._generator.sender

    @property
    def schedule(self) -> ArrivalSchedule:
        """When this process sends in the open model; there while it generates load."""
        assert self._generator is not None
        return self._generator.schedule

    def parse_target(self, host: str | None = None) -> Target:
        """The service under test, or another one; ValueError if its URL is wrong."""
        return Target.parse(self.host if host is None else host, self.headers)

    def choose(self, scenario: Scenario, settings: Settings | None = None) -> None:
        """Take `scenario` for the next run, with the settings of a web form where there are any."""
        self.settings = settings or self.settings
        self._chosen = choose_scenario(self.environment, self._shape, scenario, self.settings)

    def keep_picked_users(self) -> None:
        """Let the user classes of the environment, picked by hand, replace those of the scenario."""
        self._chosen = take_picked_users(self.environment, self._chosen)

    def require_room(self) -> None:
        """Raise OSError, in a sentence, unless runs can be kept where the options say."""
        require_room(self.settings.out)

    def ask_at_rest(self) -> tuple[References, ComparedAnswers | None]:
        """Find the answers that those of the next run are compared with; ValueError says why there are none.

        The service is asked before a run is opened, because the time of a run begins then.
        """
        self._at_rest = find_references(self.scenario, self.parse_target())
        return self._at_rest

    def begin(self) -> None:
        """Start a run: its references, its folder, its requests, its clock."""
        problem = None
        try:
            references, at_rest = self._at_rest or self.ask_at_rest()
        except ValueError as error:
            references, at_rest, problem = NO_REFERENCES, None, error
        self._at_rest = None
        run = self.run = self._open_run()
        self.user_stop.note_started()
        self.verdict = None
        self._roster = None
        self._finishing = None
        for listener in self.listeners:
            listener.run_opened(run)
        if problem is not None:
            raise problem
        run.add_answers(at_rest)
        calibration = self._chosen.stated.load.calibration
        is_master = isinstance(self.runner, MasterRunner)
        # A single process generates the load; a master only a calibration, then its workers do.
        if calibration is not None or not is_master:
            target = self.parse_target()
            self._generator = LoadGenerator(self.environment, self.scenario, target, references=references)
            self._generator.start(run.record, run.observe, GENERATOR)
            self._start_clock(run, perf_counter())
        if calibration is not None:
            self._calibrate(run, calibration)
        if is_master and run.is_running:
            self._begin_on_workers(run, references, calibrated=calibration is not None)
        elif self._generator is not None:
            self._generator.schedule_arrivals(self.scenario)
        for listener in self.listeners:
            listener.run_started(run)

    def abandon(self, reason: str) -> None:
        """End a run that could not begin."""
        if self.run is not None:
            self.run.add_fault(reason)
        gevent.spawn(self.end_early)

    def end_early(self) -> None:
        """End the test before its plan does.

        The shape does it where there is one: Locust waits for it, and would stop the users a second time.
        """
        if self.environment.shape_class is not None:
            self._shape.request_end()
            return
        self.stop()
        if self.settings.headless:
            self.runner.quit()

    def stop(self) -> None:
        """Stop the users, here and on workers, and return when they have stopped."""
        self.user_stop.stop()

    def stop_clock(self) -> None:
        """Note that the load ends now; replies in flight may still come."""
        run = self.run
        if run is not None and run.is_running:
            run.stop_clock()
            for listener in self.listeners:
                listener.load_stopped(run)
        if self._service_monitor is not None:
            self._service_monitor.stop()

    def finish(self) -> None:
        """Close the run's folder and have it judged, once; return when that is done.

        The work is done in a greenlet of its own, so that it goes on if the caller is killed.
        """
        self.user_stop.note_stopped()
        if self.run is not None and self._finishing is None:
            self._finishing = gevent.spawn(self._close_and_judge, self.run)
        if self._finishing is not None:
            self._finishing.join()

    def quit(self) -> None:
        """Stop and finish the run that a signal interrupted."""
        self.stop()
        self.runner.quit()
        self.finish()

    def _quit_finished(self) -> None:
        """In place of the runner's `quit`: first finish the run, for which workers must still be heard."""
        self.stop()
        self.finish()
        self._locust_quit()

    def _open_run(self) -> RunRecording:
        settings, chosen = self.settings, self._chosen
        workers = getattr(self.runner, "worker_count", 1)
        target = self.parse_target()
        facts = gather_facts(chosen.scenario, chosen.stated, settings, target, self.host, workers)
        folder = make_folder(settings.out, chosen.scenario.name)
        return RunRecording(
            folder,
            facts,
            chosen.scenario.objectives,
            lambda: self.runner.user_count,
            lambda: gevent.spawn(self.end_early),
        )

    def _start_clock(self, run: RunRecording, instant: float) -> None:
        """Count the time of the run from `instant`, on the clock of `time.perf_counter`."""
        run.started = instant
        run.facts = replace(run.facts, began_s=time.time() + instant - perf_counter())
        self._shape.start_at(instant)
        self._service_monitor = ServiceMonitor(
            self.parse_target(), run.observe, self.scenario.service, self.scenario.traffic.is_grpc
        )
        if self._generator is not None:
            self._generator.begin_at(instant)

    def _calibrate(self, run: RunRecording, calibration: Calibration) -> None:
        """Find the capacity; turn the load stated in multiples of it into rates."""
        capacity_per_s = find_capacity(self.sender, calibration, run.started, lambda: run.is_running)
        if not run.is_running:
            return
        if not capacity_per_s:
            self.abandon("the calibration found no capacity: not one request was answered as it ought to be")
            return
        self._chosen = self._chosen.with_capacity(capacity_per_s)
        run.facts = replace(run.facts, plan=self.scenario.make_plan(), capacity_per_s=capacity_per_s)

    def _begin_on_workers(self, run: RunRecording, references: References, calibrated: bool) -> None:
        """Let the workers generate the load; a calibration, made here, started the clock."""
        assert isinstance(self.runner, MasterRunner)
        self._stop_generating(run)
        self._roster = WorkerRoster(self.runner, run, self.scenario.resolve(), self.host, references)
        self._roster.await_ready()
        if not calibrated:
            self._start_clock(run, perf_counter() + HEAD_START_S)
        self._roster.start(time.time() + run.started - perf_counter())

    def _stop_generating(self, run: RunRecording) -> None:
        """Hand on the last rows of this process."""
        if self._generator is not None:
            run.add_answers(self._generator.sender.probes.report())
            sent, self._generator = self._generator.stop(), None
            run.keep_failures(sent.failures)
            if sent.lost:
                run.add_fault(f"{sent.lost:,} requests could not be recorded")

    def _close_and_judge(self, run: RunRecording) -> None:
        self.stop_clock()
        self._stop_generating(run)
        if self._roster is not None:
            self._roster.finish(self.scenario.traffic.timeout_s + DONE_PATIENCE_S)
        for listener in self.listeners:
            listener.run_recorded(run)
        shares = 1 if self._roster is None else self._roster.shares
        interruption = describe_interruption(run, self.interrupted_by)
        if close_run(run, self._chosen, shares, interruption, self.environment):
            self.verdict = judge_run(run, log_missed=not self.settings.calm)
            self.judged_at_s = time.time()
