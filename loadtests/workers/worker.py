"""A worker's side of the runs that its master begins."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from time import perf_counter
from typing import Any, Final

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.rpc.protocol import Message
from locust.runners import WorkerRunner

from loadtests.client.target import Target
from loadtests.recording.writer import Observation
from loadtests.traffic.generator import LoadGenerator, SentCounts
from loadtests.traffic.open_model import ArrivalUser
from loadtests.traffic.schedule import ArrivalSchedule
from loadtests.traffic.sender import RequestSender
from loadtests.traffic.stopping import UserStop
from loadtests.workers.protocol import (
    ANSWERS,
    ASSIGN,
    DONE,
    LISTENING,
    OBSERVATIONS,
    READY,
    READY_PATIENCE_S,
    ROWS,
    START,
    WorkerAssignment,
    decode_assignment,
)
from reports.data.answers import ComparedAnswers
from reports.data.telemetry import name_worker_source

logger = logging.getLogger(__name__)

MASTER_PATIENCE_S: Final = 10.0
"""A worker with load that has heard nothing of its master for so long ends. Locust would wait for 60 s."""
_LOOK_S: Final = 1.0


class MasterLink:
    """Sends the master what belongs to one run."""

    def __init__(self, runner: WorkerRunner, run: str) -> None:
        self._runner = runner
        self.run = run

    def send_ready(self) -> None:
        """Say that requests could be sent, and what time it is here."""
        self._send(READY, {"clock_s": time.time()})

    def send_rows(self, raw: bytes, endpoints: Sequence[str]) -> None:
        """Send packed rows."""
        self._send(ROWS, {"raw": raw, "endpoints": list(endpoints)})

    def send_observations(self, observations: Sequence[Observation]) -> None:
        """Send values observed at this moment."""
        self._send(OBSERVATIONS, {"observations": [list(each) for each in observations]})

    def send_answers(self, answers: ComparedAnswers) -> None:
        """Say what was seen of the answers to probes."""
        self._send(ANSWERS, {"answers": asdict(answers)})

    def send_done(self, sent: SentCounts) -> None:
        """Say how many rows were sent in all, how many were not recorded, and why some requests failed."""
        self._send(DONE, {"rows": sent.rows, "lost": sent.lost, "failures": sent.failures.to_json()})

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        self._runner.send_message(kind, {"run": self.run, **data})


class WorkerSession:
    """The session of a worker: it begins and starts a part of each run when its master says so."""

    def __init__(self, environment: Environment, headers: Mapping[str, str], forked: bool) -> None:
        """`forked` workers share a terminal, and its Ctrl-C, with their master."""
        assert isinstance(environment.runner, WorkerRunner)
        self._environment = environment
        self._runner = environment.runner
        self._headers = headers
        self._forked = forked
        self._link: MasterLink | None = None
        self._assignment: WorkerAssignment | None = None
        self._generator: LoadGenerator | None = None
        self._started = Event()
        self._user_stop = UserStop(environment)
        environment.user_classes = [*environment.user_classes, ArrivalUser]
        self._runner.register_message(ASSIGN, self._hear_assignment)
        self._runner.register_message(START, self._hear_start)
        self._runner.send_message(LISTENING)
        self.lost_master = False
        """Whether this process ends because its master has been silent."""
        self._silent_s = 0.0
        environment.events.heartbeat_received.add_listener(self._hear_heartbeat)
        gevent.spawn(self._follow_master)

    @property
    def sender(self) -> RequestSender:
        """Sends the requests of this worker."""
        return self._await_generator().sender

    @property
    def schedule(self) -> ArrivalSchedule:
        """When this worker sends in the open model."""
        return self._await_generator().schedule

    def begin(self) -> None:
        """Nothing: the master begins a run by its messages."""

    def finish(self) -> None:
        """Hand on the last rows, and say how many there were."""
        self._user_stop.note_stopped()
        if self._generator is None or self._link is None:
            return
        self._started.clear()
        if (answers := self._generator.sender.probes.report()) is not None:
            self._link.send_answers(answers)
        sent, self._generator = self._generator.stop(), None
        self._link.send_done(sent)
        # The users have stopped; Locust would sleep for as long again.
        self._environment.stop_timeout = 0.0
        take_signals_back()

    def quit(self) -> None:
        """Stop the users, so that their last rows are sent."""
        self._user_stop.stop()

    def _hear_heartbeat(self, **_: Any) -> None:
        self._silent_s = 0.0

    def _follow_master(self) -> None:
        """End this process when its master has been silent for long: the load that it sends is no run's.

        Looks are counted, so that time in which this process stood still is not. A worker without a part of
        a run waits longer, because a master may be started again.
        """
        while self._silent_s < MASTER_PATIENCE_S or self._generator is None:
            gevent.sleep(_LOOK_S)
            self._silent_s += _LOOK_S
        logger.error(f"nothing was heard of the master for {MASTER_PATIENCE_S:.0f} s: this worker ends")
        self._environment.process_exit_code = 3
        self.lost_master = True
        self._runner.quit()

    def _await_generator(self) -> LoadGenerator:
        """The generator, once the master has started this worker.

        Locust may give users to a worker that joins late before the master can start it: they wait.
        """
        if not self._started.wait(READY_PATIENCE_S):
            raise RuntimeError(f"the master gave this worker users, but no part in {READY_PATIENCE_S:.0f} s")
        assert self._generator is not None
        return self._generator

    def _hear_assignment(self, msg: Message, **_: Any) -> None:
        """Build the requests of an assignment, unless that is done; say so."""
        self._silent_s = 0.0  # a master that was started again
        assignment = decode_assignment(msg.data)
        if self._generator is not None and self._link is not None and self._link.run == assignment.run:
            self._link.send_ready()
            return
        link = self._link = MasterLink(self._runner, assignment.run)
        self._assignment = assignment
        self._started.clear()
        target = Target.parse(assignment.host, self._headers)
        self._generator = LoadGenerator(
            self._environment,
            assignment.scenario,
            target,
            assignment.worker,
            assignment.workers,
            assignment.references,
        )
        self._generator.start(link.send_rows, link.send_observations, name_worker_source(assignment.worker))
        if assignment.is_empty:
            logger.warning("the arrivals were dealt before this worker joined: in this run it sends nothing")
        if self._forked:
            leave_signals_to_master()
        link.send_ready()

    def _hear_start(self, msg: Message, **_: Any) -> None:
        """Begin the assigned part at a time of day, in seconds since the epoch."""
        assignment = self._assignment
        if self._generator is None or assignment is None or assignment.run != msg.data["run"]:
            return
        if self._started.is_set():
            return
        self._generator.begin_at(perf_counter() + msg.data["started_at"] - time.time())
        self._generator.schedule_arrivals(assignment.scenario)
        self._started.set()


def leave_signals_to_master() -> None:
    """Let a Ctrl-C, which reaches all processes of a terminal, stop the master only: it stops its workers."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def take_signals_back() -> None:
    """Let a signal end this process again: all its rows are sent."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
