"""Scales real processes by the rules of the autoscaler, tick by tick, while a load runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from autoscaling.controller import AutoscalerController
from loadtests.cli.own_service import find_free_port
from loadtests.rehearsing.proxy import Haproxy, ServerReading
from loadtests.rehearsing.replicas import LocalReplica, ReplicaError

TICK_S: Final = 0.1
DRAIN_S: Final = 5.0
START_PATIENCE_S: Final = 60.0


@dataclass
class ReplicaScaler:
    """The replicas, the autoscaler, and what happened: rows of time, wanted and ready replicas.

    Times are in s since `clock` was zero. `concurrency` is how many requests a replica works on at once.
    """

    words: list[str]
    proxy: Haproxy
    ports: list[int]
    controller: AutoscalerController
    concurrency: int
    clock: Callable[[], float]
    replicas: list[LocalReplica] = field(default_factory=list)
    rows: list[tuple[float, int, int]] = field(default_factory=list)
    looks_s: list[float] = field(default_factory=list)
    first_request_s: float | None = None
    _ending: list[tuple[float, LocalReplica]] = field(default_factory=list)

    def start(self, count: int) -> None:
        """Start the first replicas, and return when they get requests."""
        self._grow(self.clock(), count, 0.0)
        deadline = self.clock() + START_PATIENCE_S
        while self._count_ready() < count:
            self._admit(self.clock(), self.proxy.read())
            if self.clock() > deadline:
                raise ReplicaError(f"a replica did not listen on its port within {START_PATIENCE_S:.0f} s")
            time.sleep(TICK_S)
        self.controller.begin(self.clock(), count)

    def follow(self, goes_on: Callable[[], bool]) -> None:
        """Scale for as long as `goes_on` says."""
        timing = self.controller.timing
        next_look_s = next_scrape_s = self.clock()
        while goes_on():
            t_s, readings = self.clock(), self.proxy.read()
            if self.first_request_s is None and any(map(_is_used, readings.values())):
                self.first_request_s = t_s
            self._admit(t_s, readings)
            for replica in self._list_ready():
                replica.observe(readings[replica.port])
            if t_s >= next_scrape_s:
                next_scrape_s += timing.scrape_s
                for replica in self._list_ready():
                    replica.record(t_s, readings[replica.port], self.concurrency)
            if t_s >= next_look_s:
                next_look_s += timing.sync_s
                self.looks_s.append(t_s)
                self._scale(t_s)
            self._end_drained(t_s, readings)
            self.rows.append((t_s, len(self.replicas), self._count_ready()))
            time.sleep(max(0.0, TICK_S - (self.clock() - t_s)))

    def stop(self) -> None:
        """End all that was started."""
        with ExitStack() as stack:  # where one can't be ended, the others still are
            for replica in [*self.replicas, *(each for _, each in self._ending)]:
                stack.callback(replica.stop)

    def _scale(self, t_s: float) -> None:
        pods = [replica.pod for replica in self.replicas]
        wanted = self.controller.look(t_s, pods, self._count_ready())
        self._grow(t_s, wanted, self.controller.timing.start_s)
        while len(self.replicas) > wanted:
            replica = self.replicas.pop()
            self.proxy.drain(replica.port)
            self._ending.append((t_s + DRAIN_S, replica))

    def _grow(self, t_s: float, wanted: int, ready_after_s: float) -> None:
        while len(self.replicas) < wanted:
            taken = {each.port for each in self.replicas} | {each.port for _, each in self._ending}
            port = next((each for each in self.ports if each not in taken), None)
            if port is None:
                return  # replicas that are ending hold the last places; the next look tries again
            self.replicas.append(LocalReplica.start(self.words, port, t_s, ready_after_s))

    def _admit(self, t_s: float, readings: dict[int, ServerReading]) -> None:
        for replica in self.replicas:
            replica.check()
            if not replica.pod.is_ready(t_s) and replica.may_serve(t_s):
                self.proxy.enable(replica.port)
                replica.begin(t_s, readings[replica.port])

    def _end_drained(self, t_s: float, readings: dict[int, ServerReading]) -> None:
        for entry in list(self._ending):
            until_s, replica = entry
            if t_s >= until_s or not readings[replica.port].in_flight:
                self.proxy.disable(replica.port)
                replica.stop()
                self._ending.remove(entry)

    def _list_ready(self) -> list[LocalReplica]:
        return [each for each in self.replicas if each.pod.ready_s < float("inf")]

    def _count_ready(self) -> int:
        return len(self._list_ready())


def _is_used(reading: ServerReading) -> bool:
    return reading.in_flight + reading.answered > 0


def find_ports(count: int) -> list[int]:
    """Free ports, each a different one."""
    found: list[int] = []
    while len(found) < count:
        port = find_free_port(0)
        if port not in found:
            found.append(port)
    return found
