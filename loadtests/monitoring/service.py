"""Observes the service beside the load: readiness, processor, memory, queue, batches.

Readiness comes from the service's readiness path, queue and batches from its Prometheus metrics; a scenario
says where they are (`configuration.service_paths`). Processor
and memory come from the kernel if the service runs on this machine, and so does the processor time that
other programs took. What a service does not offer is not observed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Final

import psutil

from configuration.service_paths import DEFAULT_PATHS, ServicePaths
from loadtests.client.addresses import is_loopback
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.grpc_client.choice import choose_connection
from loadtests.monitoring.host import ForeignCpuUsage, list_own_processes, make_reader
from loadtests.monitoring.scraping import (
    BATCH_ROWS,
    BATCHES,
    CPU_SECONDS,
    MEMORY_BYTES,
    QUEUE_DEPTH,
    parse_metrics,
)
from loadtests.recording.observing import observe_every
from loadtests.recording.writer import Observation
from reports.data.samples import LACKING
from reports.data.telemetry import MACHINE, NO_READINESS_PATH, PROBED, READINESS, SERVICE

PERIOD_S: Final = 1.0
TIMEOUT_S: Final = 0.9
"""A request is answered before the next one, or not at all."""

TOO_MANY: Final = 429


class ServiceMonitor:
    """Asks once a second until stopped; `observe(observations)` takes the values."""

    def __init__(
        self,
        target: Target,
        observe: Callable[[Sequence[Observation]], None],
        paths: ServicePaths = DEFAULT_PATHS,
        is_grpc: bool = False,
    ) -> None:
        self._observe = observe
        self._is_grpc = is_grpc
        self._paths = replace(paths, metrics=None) if is_grpc else paths
        self._requests = {
            path: _encode_question(target, path, is_grpc)
            for path in (self._paths.ready, self._paths.metrics)
            if path is not None
        }
        self._connection = choose_connection(is_grpc)(target)
        self._processes = find_local_processes(target)
        ours = [*list_own_processes(), *self._processes]
        self._foreign_usage = ForeignCpuUsage(make_reader(ours)) if self._processes else None
        self._before: dict[str, float] = {}
        self._at = perf_counter()
        self._tells_readiness: bool | None = True if paths.requires_ready else None
        """Whether the service has a readiness path; None until that is known."""
        self._was_ready = paths.requires_ready
        """Whether it has one for certain, because it was ready once or the scenario states it."""
        self._unanswered = 0
        """Probes without an answer before the first answer."""
        self._greenlet = observe_every(PERIOD_S, self._look, "the service")

    def stop(self) -> None:
        """Ask no more."""
        self._greenlet.kill()
        self._connection.close()

    def _look(self) -> None:
        failure = self._probe()
        # A service that does not answer one request in time would only delay the next probe.
        told = self._scrape() if failure is None else {}
        self._tell(SERVICE, self._derive_figures(told | _read_kernel(self._processes)))
        if self._foreign_usage is not None:
            self._tell(MACHINE, self._foreign_usage.measure())

    def _probe(self) -> str | None:
        """Ask whether the service is ready, where there is a path for that; how that failed, None if not."""
        if self._paths.ready is None:
            self._tell(SERVICE, {PROBED: 1.0})
            return None
        asked = perf_counter()
        reply = self._ask(self._paths.ready)
        took_ms = (perf_counter() - asked) * 1000.0
        if self._is_grpc:
            _translate(reply)
        if reply.failure not in LACKING:
            self._tell(SERVICE, {PROBED: 1.0} | self._interpret(reply, took_ms))
        return reply.failure

    def _scrape(self) -> dict[str, float]:
        if self._paths.metrics is None:
            return {}
        reply = self._ask(self._paths.metrics)
        return parse_metrics(reply.body) if reply.failure is None and reply.status == 200 else {}

    def _tell(self, source: str, seen: dict[str, float]) -> None:
        if seen:
            self._observe([Observation(source, name, value) for name, value in seen.items()])

    def _interpret(self, reply: Reply, took_ms: float) -> dict[str, float]:
        """Ready means 2xx; 5xx, 429 and no reply in time mean not ready.

        Any other answer, such as 404 or a redirect, means that the service has no readiness path, unless it
        answered 2xx before or the scenario states the path. Until the first answer it may be either. Such
        an answer is observed too, so that reports don't count failures before it as unreadiness.
        """
        status = reply.status if reply.failure is None else None
        ready = status is not None and 200 <= status < 300
        if ready:
            self._tells_readiness = self._was_ready = True
        elif status is not None and not self._was_ready:
            if status < 500 and status != TOO_MANY:
                self._tells_readiness = False
                self._unanswered = 0
                return {NO_READINESS_PATH: 1.0}
            if self._tells_readiness is None:
                self._tells_readiness = True
        if not self._tells_readiness:
            self._unanswered += self._tells_readiness is None
            return {}
        for _ in range(self._unanswered):
            self._tell(SERVICE, {READINESS: 0.0})
        self._unanswered = 0
        return {READINESS: 1.0, "probe_ms": took_ms} if ready else {READINESS: 0.0}

    def _derive_figures(self, told: dict[str, float]) -> dict[str, float]:
        now, before = perf_counter(), self._before
        elapsed_s, self._at, self._before = now - self._at, now, told
        seen = {}
        if CPU_SECONDS in told and CPU_SECONDS in before and elapsed_s > PERIOD_S / 2:
            seen["cpu_percent"] = 100.0 * max(0.0, told[CPU_SECONDS] - before[CPU_SECONDS]) / elapsed_s
        if MEMORY_BYTES in told:
            seen["memory_mib"] = told[MEMORY_BYTES] / 2**20
        if QUEUE_DEPTH in told:
            seen["queue_depth"] = told[QUEUE_DEPTH]
        if {BATCHES, BATCH_ROWS} <= told.keys() & before.keys() and told[BATCHES] > before[BATCHES]:
            rows = told[BATCH_ROWS] - before[BATCH_ROWS]
            seen["batch_size"] = rows / (told[BATCHES] - before[BATCHES])
        return seen

    def _ask(self, path: str) -> Reply:
        return self._connection.exchange(self._requests[path], TIMEOUT_S, repeatable=True)


def _encode_question(target: Target, path: str, is_grpc: bool) -> bytes:
    """The request that asks for a path; over gRPC there is only the question whether the server is ready."""
    if not is_grpc:
        return target.encode_head("GET", path, {}) + b"\r\n"
    from loadtests.grpc_client.readiness import encode_ready_call  # the packages for gRPC are optional

    return encode_ready_call(target)


def _translate(reply: Reply) -> None:
    """Give a reply over gRPC the status that the readiness path would have."""
    from loadtests.grpc_client.readiness import read_readiness

    reply.status = read_readiness(reply) or 0


def find_local_processes(target: Target) -> list[psutil.Process]:
    """The processes that listen at the target, with their children; none on another machine."""
    if not is_loopback(target.host):
        return []
    try:
        listening = psutil.net_connections(kind="tcp")
        owners = {
            each.pid
            for each in listening
            if each.status == psutil.CONN_LISTEN and each.laddr[1:] == (target.port,) and each.pid
        }
        found = [psutil.Process(pid) for pid in owners]
        return list(
            dict.fromkeys([*found, *(child for each in found for child in each.children(recursive=True))])
        )
    except (psutil.Error, OSError):
        return []


def _read_kernel(processes: list[psutil.Process]) -> dict[str, float]:
    seconds = bytes_held = 0.0
    try:
        for process in processes:
            times = process.cpu_times()
            seconds += times.user + times.system
            bytes_held += process.memory_info().rss
    except (psutil.Error, OSError):
        return {}
    return {CPU_SECONDS: seconds, MEMORY_BYTES: bytes_held} if processes else {}
