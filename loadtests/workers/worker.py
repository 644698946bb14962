"""A worker's part in a run: the share of the load that its master gives it."""

from __future__ import annotations

import logging
import time
from argparse import Namespace
from collections.abc import Mapping
from time import perf_counter

from gevent.event import Event
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests.traffic.generator import Generator
from loadtests.traffic.open_model import ArrivalUser
from loadtests.traffic.sender import Sending
from loadtests.workers.protocol import (
    READY_PATIENCE_S,
    Master,
    Share,
    leave_signals_to_the_master,
    take_signals_back,
)

logger = logging.getLogger(__name__)


class Part:
    """Begins, starts and finishes a share of each of the master's runs, as the master says."""

    def __init__(self, environment: Environment, options: Namespace, headers: Mapping[str, str]) -> None:
        self._environment = environment
        self._options = options
        self._headers = headers
        self._master: Master | None = None
        self._generator: Generator | None = None
        self._begun = Event()
        environment.user_classes = [*environment.user_classes, ArrivalUser]

    @property
    def sending(self) -> Sending:
        """What this worker sends.

        Locust gives a worker that joins late its users before the master can tell it to begin: they wait.
        """
        if not self._begun.wait(READY_PATIENCE_S):
            raise RuntimeError(f"the master gave this worker users, but no share in {READY_PATIENCE_S:.0f} s")
        assert self._generator is not None
        return self._generator.sending

    def begin_share(self, share: Share) -> None:
        """Make ready for a share, unless that is done; say so."""
        runner = self._environment.runner
        assert isinstance(runner, WorkerRunner)
        if self._generator is not None and self._master is not None and self._master.run == share.run:
            return
        master = self._master = Master(runner, share)
        self._generator = Generator(
            self._environment, share.scenario, share.host, self._headers, share.worker, share.workers
        )
        self._generator.start(master.send_rows, master.send_observations, master.source)
        if share.is_empty:
            logger.warning("the arrivals were dealt before this worker joined: in this run it sends nothing")
        if self._options.processes:
            leave_signals_to_the_master()
        self._begun.set()
        master.send_ready()

    def start_share(self, started_at: float) -> None:
        """Begin the share at a time of day, in seconds since the epoch."""
        if self._generator is not None:
            self._generator.begin_at(perf_counter() + started_at - time.time())

    def finish(self) -> None:
        """Hand on the last rows, and say how many there were."""
        if self._generator is None or self._master is None:
            return
        self._begun.clear()
        sent, self._generator = self._generator.stop(), None
        self._master.send_count(sent)
        # The users have stopped; Locust would sleep for as long again.
        self._environment.stop_timeout = 0.0
        take_signals_back()
