"""Measures all services in rounds: starts each, puts the loads on it, and keeps the figures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.generator.processes import PROJECT, ProcessEndedError
from benchmarks.service.open_model import OpenModelResult, measure_open_model
from benchmarks.service.results import CONNECTIONS, BatchRates, ServiceRound
from benchmarks.service.services import PATH, STOCK, SUITE, ComparedService, list_limits, list_services
from benchmarks.service.serving import (
    RECORDS,
    SERVICE_CORE,
    ClosedModelResult,
    RunningService,
    WrongPredictionError,
    make_records,
    run_wrk,
    start_service,
    write_bodies,
)
from benchmarks.service.soak import watch_memory
from service.model import model_file
from service.model.insurance import InsuranceChargesModel

OPEN_MODEL_SHARE: Final = 0.7
"""Arrival rate of the open model as a share of the throughput with 32 connections in the same round."""
BATCH_ROWS: Final = 1000
BATCHES: Final = 8
"""The number of distinct requests of `BATCH_ROWS` rows."""
REQUIRED: Final = (SUITE, STOCK)
"""The services that must take part; any other may be absent."""


@dataclass(frozen=True)
class WindowLengths:
    """The lengths of the measured windows."""

    closed_s: float
    open_s: float

    @property
    def warm_up_s(self) -> float:
        """The warm-up of a service after its start."""
        return min(2.0, self.closed_s)


class ServiceBenchmark:
    """Measures the services round by round and collects their figures."""

    def __init__(self, environments: Path, folder: Path, lengths: WindowLengths) -> None:
        self._folder = folder
        self._lengths = lengths
        self._model = InsuranceChargesModel()
        self._services = list_services(environments, self._write_coefficients())
        self._limits = list_limits()
        self.rounds: dict[str, list[ServiceRound]] = {}
        self.batches = BatchRates([], [])
        self.absent: dict[str, str] = {}
        self.uses = {each.name: each.use for each in [*self._services, *self._limits]}
        self._bodies = {
            each.name: self._write_bodies(each, f"{number}.jsonl")
            for number, each in enumerate([*self._services, *self._limits])
        }

    def measure(self, number: int) -> None:
        """Measure one round; a service that can't be started or fails is `absent` from then on."""
        with start_service(self._limits[0], self._model, self._folder) as constant:
            self._measure_round(number, constant)
        endpoint, limit = self._measure_batches()
        self.batches = BatchRates([*self.batches.endpoint, endpoint], [*self.batches.model, limit])
        print(f"{number + 1} batches: {endpoint:,.0f} rows/s, the model {limit:,.0f}", flush=True)

    def _measure_round(self, number: int, constant: RunningService) -> None:
        for service in self._services:
            if service.name in self.absent:
                continue
            try:
                turn = self._measure_turn(service, constant)
            except (ProcessEndedError, WrongPredictionError) as error:
                if service.name in REQUIRED:
                    raise
                self.absent[service.name] = f"in round {number + 1}: {error}"
                print(f"{number + 1} {service.name}: {error}", flush=True)
                continue
            self.rounds.setdefault(service.name, []).append(turn)
            _print_turn(number, service, turn)
        for service in self._limits:
            turn = ServiceRound(self._measure_closed_model(service, constant))
            self.rounds.setdefault(service.name, []).append(turn)
            _print_turn(number, service, turn)

    def _measure_turn(self, service: ComparedService, constant: RunningService) -> ServiceRound:
        """Measure one service, with a second attempt if it ends: its port may have been taken meanwhile."""
        try:
            return self._measure_service(service, constant)
        except ProcessEndedError:
            return self._measure_service(service, constant)

    def _measure_service(self, service: ComparedService, constant: RunningService) -> ServiceRound:
        with start_service(service, self._model, self._folder) as served:
            rates = self._measure_closed_model(service, served)
            rate = OPEN_MODEL_SHARE * rates[CONNECTIONS[-1]].per_second
            if rate < 1:
                raise ProcessEndedError(f"it answered nothing over {CONNECTIONS[-1]} connections")
            lone = run_wrk(served, service.path, self._bodies[service.name], 1, self._lengths.closed_s)
            found = self._measure_open_model(service, served, rate)
        return ServiceRound(rates, found, self._measure_open_model(self._limits[-1], constant, rate), lone)

    def _measure_closed_model(
        self, service: ComparedService, served: RunningService
    ) -> Mapping[int, ClosedModelResult]:
        path, bodies = service.path, self._bodies[service.name]
        run_wrk(served, path, bodies, CONNECTIONS[0], self._lengths.warm_up_s)
        return {count: run_wrk(served, path, bodies, count, self._lengths.closed_s) for count in CONNECTIONS}

    def _measure_open_model(
        self, service: ComparedService, served: RunningService, rate: float
    ) -> OpenModelResult:
        return measure_open_model(
            served.host, service.path, self._bodies[service.name], rate, self._lengths.open_s
        )

    def _measure_batches(self) -> tuple[float, float]:
        """Return the rows/s of the batch endpoint, and those of the model alone on the same core."""
        people = make_records(BATCHES * BATCH_ROWS)
        lists = [people[start : start + BATCH_ROWS] for start in range(0, len(people), BATCH_ROWS)]
        bodies = write_bodies(self._folder / "batches.jsonl", lists)
        with start_service(self._services[0], self._model, self._folder) as served:
            path = f"{PATH}/batch"
            run_wrk(served, path, bodies, CONNECTIONS[0], self._lengths.warm_up_s)
            endpoint = run_wrk(served, path, bodies, CONNECTIONS[0], self._lengths.closed_s)
        limit = [sys.executable, "-m", "benchmarks.service.limit", "--rows", str(BATCH_ROWS)]
        done = subprocess.run(
            ["taskset", "--cpu-list", str(SERVICE_CORE), *limit, "--seconds", str(self._lengths.closed_s)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise ProcessEndedError(f"the model's limit can't be measured: {done.stderr.strip()[-500:]}")
        return endpoint.per_second * BATCH_ROWS, float(done.stdout)

    def watch_memory(self, minutes: float) -> list[tuple[float, float]]:
        """Measure the memory of this service under load, minute after minute."""
        suite = self._services[0]
        with start_service(suite, self._model, self._folder) as served:
            return watch_memory(served, suite.path, self._bodies[suite.name], minutes)

    def _write_bodies(self, service: ComparedService, name: str) -> Path:
        return write_bodies(self._folder / name, [service.body(each) for each in make_records(RECORDS)])

    def _write_coefficients(self) -> Path:
        """Write the coefficients of the regression as JSON, for the peers."""
        regression = model_file.read_model_file(model_file.MODEL_PATH)
        held = {"weights": regression.coef_.tolist(), "intercept": float(regression.intercept_)}
        path = self._folder / "coefficients.json"
        path.write_text(json.dumps(held), encoding="utf-8")
        return path


def _print_turn(number: int, service: ComparedService, turn: ServiceRound) -> None:
    rates = " ".join(f"{each.per_second:8,.0f}" for each in turn.closed.values())
    tail = f"  p99 {turn.opened.p99_ms:.1f} ms at {turn.opened.rate:,.0f}/s" if turn.opened else ""
    print(f"{number + 1} {service.name:26} {rates} requests/s{tail}", flush=True)
