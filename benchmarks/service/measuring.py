"""The turns of the services: who is started when, asked how, and what is kept of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.generator.processes import PROJECT, EndedError
from benchmarks.service.contenders import PATH, STOCK, SUITE, Contender, contenders, limits
from benchmarks.service.opened import Open, opened
from benchmarks.service.results import CONNECTIONS, Batches, Round
from benchmarks.service.serving import (
    RECORDS,
    SERVICE_CORE,
    Closed,
    Served,
    WrongError,
    closed,
    records,
    serving,
    write_bodies,
)
from benchmarks.service.soak import soak
from service.model import model_file
from service.model.insurance import InsuranceChargesModel

SHARE: Final = 0.7
"""The open model's rate, as a share of what the service answers with 32 connections in the same round."""
BATCH_ROWS: Final = 1000
BATCHES: Final = 8
"""Distinct requests of so many rows."""
NEEDED: Final = (SUITE, STOCK)
"""Without these the results say nothing; any other may be absent."""


@dataclass(frozen=True)
class Lengths:
    """How long each window lasts."""

    closed_s: float
    open_s: float

    @property
    def warm_up_s(self) -> float:
        """Of a service that was just started."""
        return min(2.0, self.closed_s)


class Bench:
    """All that is measured, in a folder for its files."""

    def __init__(self, environments: Path, folder: Path, lengths: Lengths) -> None:
        self._folder = folder
        self._lengths = lengths
        self._model = InsuranceChargesModel()
        self._contenders = contenders(environments, self._coefficients())
        self._limits = limits()
        self.rounds: dict[str, list[Round]] = {}
        self.batches = Batches([], [])
        self.absent: dict[str, str] = {}
        self.uses = {each.name: each.use for each in [*self._contenders, *self._limits]}
        self._bodies = {
            each.name: self._write(each, f"{number}.jsonl")
            for number, each in enumerate([*self._contenders, *self._limits])
        }

    def measure(self, number: int) -> None:
        """A round of every service; one that can't be started or fails is `absent` from then on."""
        with serving(self._limits[0], self._model, self._folder) as constant:
            self._round(number, constant)
        endpoint, limit = self._batch()
        self.batches = Batches([*self.batches.endpoint, endpoint], [*self.batches.model, limit])
        print(f"{number + 1} batches: {endpoint:,.0f} rows/s, the model {limit:,.0f}", flush=True)

    def _round(self, number: int, constant: Served) -> None:
        for contender in self._contenders:
            if contender.name in self.absent:
                continue
            try:
                turn = self._turn(contender, constant)
            except (EndedError, WrongError) as error:
                if contender.name in NEEDED:
                    raise
                self.absent[contender.name] = f"in round {number + 1}: {error}"
                print(f"{number + 1} {contender.name}: {error}", flush=True)
                continue
            self.rounds.setdefault(contender.name, []).append(turn)
            _tell(number, contender, turn)
        for contender in self._limits:
            turn = Round(self._closed(contender, constant))
            self.rounds.setdefault(contender.name, []).append(turn)
            _tell(number, contender, turn)

    def _turn(self, contender: Contender, constant: Served) -> Round:
        """One turn, tried a second time if it comes to nothing: a port may have been taken meanwhile."""
        try:
            return self._try(contender, constant)
        except EndedError:
            return self._try(contender, constant)

    def _try(self, contender: Contender, constant: Served) -> Round:
        with serving(contender, self._model, self._folder) as served:
            rates = self._closed(contender, served)
            rate = SHARE * rates[CONNECTIONS[-1]].per_second
            if rate < 1:
                raise EndedError(f"it answered nothing over {CONNECTIONS[-1]} connections")
            lone = closed(served, contender.path, self._bodies[contender.name], 1, self._lengths.closed_s)
            found = self._opened(contender, served, rate)
        return Round(rates, found, self._opened(self._limits[-1], constant, rate), lone)

    def _closed(self, contender: Contender, served: Served) -> Mapping[int, Closed]:
        path, bodies = contender.path, self._bodies[contender.name]
        closed(served, path, bodies, CONNECTIONS[0], self._lengths.warm_up_s)
        return {count: closed(served, path, bodies, count, self._lengths.closed_s) for count in CONNECTIONS}

    def _opened(self, contender: Contender, served: Served, rate: float) -> Open:
        return opened(served.host, contender.path, self._bodies[contender.name], rate, self._lengths.open_s)

    def _batch(self) -> tuple[float, float]:
        """Rows a second of the batch endpoint, then of the model alone on the same core."""
        people = records(BATCHES * BATCH_ROWS)
        lists = [people[start : start + BATCH_ROWS] for start in range(0, len(people), BATCH_ROWS)]
        bodies = write_bodies(self._folder / "batches.jsonl", lists)
        with serving(self._contenders[0], self._model, self._folder) as served:
            path = f"{PATH}/batch"
            closed(served, path, bodies, CONNECTIONS[0], self._lengths.warm_up_s)
            endpoint = closed(served, path, bodies, CONNECTIONS[0], self._lengths.closed_s)
        limit = [sys.executable, "-m", "benchmarks.service.limit", "--rows", str(BATCH_ROWS)]
        done = subprocess.run(
            ["taskset", "--cpu-list", str(SERVICE_CORE), *limit, "--seconds", str(self._lengths.closed_s)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise EndedError(f"the model's limit can't be measured: {done.stderr.strip()[-500:]}")
        return endpoint.per_second * BATCH_ROWS, float(done.stdout)

    def soak(self, minutes: float) -> list[tuple[float, float]]:
        """The memory of this service under load."""
        suite = self._contenders[0]
        with serving(suite, self._model, self._folder) as served:
            return soak(served, suite.path, self._bodies[suite.name], minutes)

    def _write(self, contender: Contender, name: str) -> Path:
        return write_bodies(self._folder / name, [contender.body(each) for each in records(RECORDS)])

    def _coefficients(self) -> Path:
        """The regression, as the peers read it."""
        regression = model_file.read_model_file(model_file.MODEL_PATH)
        held = {"weights": regression.coef_.tolist(), "intercept": float(regression.intercept_)}
        path = self._folder / "coefficients.json"
        path.write_text(json.dumps(held), encoding="utf-8")
        return path


def _tell(number: int, contender: Contender, turn: Round) -> None:
    rates = " ".join(f"{each.per_second:8,.0f}" for each in turn.closed.values())
    tail = f"  p99 {turn.opened.p99_ms:.1f} ms at {turn.opened.rate:,.0f}/s" if turn.opened else ""
    print(f"{number + 1} {contender.name:26} {rates} requests/s{tail}", flush=True)
