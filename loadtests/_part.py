"""A worker's part in a run: the share of the load that its master gives it."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Mapping
from time import perf_counter

from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests._arrivals import ArrivalUser
from loadtests._distribution import Master, Share, leave_signals_to_the_master, take_signals_back
from loadtests._generator import Generator


class Part:
    """Begins, starts and finishes a share of each of the master's runs, as the master says."""

    def __init__(self, environment: Environment, options: Namespace, headers: Mapping[str, str]) -> None:
        self._environment = environment
        self._options = options
        self._headers = headers
        self._master: Master
        self.generator: Generator | None = None
        environment.user_classes = [*environment.user_classes, ArrivalUser]

    def begin_share(self, share: Share) -> None:
        """Make ready for a share; say so."""
        runner = self._environment.runner
        assert isinstance(runner, WorkerRunner)
        master = self._master = Master(runner, share)
        self.generator = Generator(
            self._environment, share.scenario, share.host, self._headers, share.worker, share.workers
        )
        self.generator.start(master.send_rows, master.send_observations, master.source)
        if self._options.processes:
            leave_signals_to_the_master()
        master.send_ready()

    def start_share(self, started_at: float) -> None:
        """Begin the share at a time of day, in seconds since the epoch."""
        if self.generator is not None:
            self.generator.begin_at(perf_counter() + started_at - time.time())

    def finish(self) -> None:
        """Hand on the last rows, and say how many there were."""
        if self.generator is None:
            return
        sent, self.generator = self.generator.stop(), None
        self._master.send_count(sent)
        # The users have stopped; Locust would sleep for as long again.
        self._environment.stop_timeout = 0.0
        take_signals_back()
