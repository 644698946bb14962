"""Observes a Kubernetes Deployment beside the load: its replicas, and what its pods use."""

from __future__ import annotations

import json
import logging
import os
import signal
from contextlib import suppress
from typing import Any, Final

import gevent
from gevent import subprocess

from loadtests.recording.processes import build_python_command, build_python_environment
from loadtests.recording.run import RunRecording
from loadtests.recording.writer import Observation
from reports.data.telemetry import KUBERNETES

logger = logging.getLogger(__name__)

LOOK_S: Final = 0.5


class KubernetesMonitor:
    """Lets another process ask about a workload, `namespace/deployment`, while a run goes on."""

    def __init__(self, workload: str) -> None:
        self._workload = workload
        self._told: set[str] = set()

    def follow(self, run: RunRecording) -> None:
        """Observe until the load of the run stops."""
        process = subprocess.Popen(
            build_python_command("loadtests.monitoring.kubectl", self._workload),
            env=build_python_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        gevent.spawn(self._attend, process, run)

    def _attend(self, process: Any, run: RunRecording) -> None:
        reading = gevent.spawn(self._read, process, run)
        try:
            while run.is_running and not reading.ready():
                gevent.sleep(LOOK_S)
        finally:
            reading.kill()
            _end(process)

    def _read(self, process: Any, run: RunRecording) -> None:
        for line in process.stdout:
            told = json.loads(line)
            if told["seen"]:
                run.observe([Observation(KUBERNETES, name, value) for name, value in told["seen"].items()])
            for problem in told["problems"]:
                self._tell(problem)

    def _tell(self, problem: str) -> None:
        """Log a problem once: the cluster is asked again, and the run goes on in any case."""
        if problem not in self._told:
            self._told.add(problem)
            logger.warning("--kubernetes: %s", problem)


def _end(process: Any) -> None:
    """Kill its process session: a kubectl that waits for an answer would outlive it by seconds."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
