"""Rehearses an autoscaler: the same rules drive real processes behind a proxy, under a measured load."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from autoscaling.agreement import Agreement, MeasuredRequests
from autoscaling.controller import AutoscalerController
from autoscaling.outcome import ScalingOutcome
from autoscaling.question import ScalingQuestion
from autoscaling.rules import AutoscalerSettings
from autoscaling.twin import TwinRun
from configuration.errors import ConfigurationError
from configuration.load import Load
from configuration.scenario import Scenario
from configuration.service_paths import ServicePaths
from loadtests.cli.child_process import ChildProcess
from loadtests.cli.child_run import NothingRunError, run_load_test
from loadtests.cli.exit_codes import PASS
from loadtests.rehearsing.errors import RehearsalError
from loadtests.rehearsing.proxy import READY, Haproxy
from loadtests.rehearsing.replicas import ReplicaError, split_command
from loadtests.rehearsing.scaler import ReplicaScaler, find_ports
from reports.data.folder import read_run
from reports.data.run import Run
from reports.objectives.parsing import parse_objective
from shapes.composition import Chain

MOST_PROCESSES: Final = 64
SPARE: Final = 8
"""Places for replicas that start while others still end."""
PATIENCE_S: Final = 180.0
"""How much longer than its load a load test may take: its start, and its judging."""
STEP_S: Final = 0.1


@dataclass(frozen=True)
class RehearsalPlan:
    """What is rehearsed: a command with a place for the port, whose traffic, how fast, and where it goes."""

    command: str
    scenario: Scenario
    concurrency: int
    factor: float
    out: Path


def rehearse(plan: RehearsalPlan, settings: AutoscalerSettings, question: ScalingQuestion) -> Agreement:
    """Run the load against real processes, scaled by the rules; RehearsalError where that says nothing."""
    words = split_command(plan.command)
    if settings.most > MOST_PROCESSES:
        raise ConfigurationError(
            f"--rehearse would start up to {settings.most} processes, expected at most {MOST_PROCESSES}: "
            "lower maxReplicas in a copy of the manifest"
        )
    scaled = replace(
        question,
        timing=question.timing.scale_time(plan.factor),
        load=question.load.scale_time(plan.factor),
        step_s=STEP_S,
    )
    settings = settings.scale_time(plan.factor)
    run, scaler = _run(plan, words, settings, scaled)
    return _compare(run, scaler, settings, scaled, plan.factor)


def _run(
    plan: RehearsalPlan, words: list[str], settings: AutoscalerSettings, question: ScalingQuestion
) -> tuple[Run, ReplicaScaler]:
    began_s = time.monotonic()
    port, *ports = find_ports(1 + settings.most + SPARE)
    controller = AutoscalerController(settings, question.deployment, question.timing, question.signals)
    with (
        tempfile.TemporaryDirectory(prefix="rehearsal-") as temporary,
        ChildProcess() as child,
        Haproxy(Path(temporary), port, ports) as proxy,
    ):
        scaler = ReplicaScaler(
            words, proxy, ports, controller, plan.concurrency, lambda: time.monotonic() - began_s
        )
        try:
            scaler.start(question.initial or settings.least)
            file = _write_scenario(plan.scenario, question, Path(temporary))
            options = ["--scenario", str(file), "--host", proxy.host, "--no-preflight"]
            load = _LoadTest([*options, "--out", str(plan.out)], child)
            deadline = scaler.clock() + question.load.duration_s + PATIENCE_S
            scaler.follow(lambda: load.goes_on and scaler.clock() < deadline)
            folder = load.finish()
        except ReplicaError as error:
            raise RehearsalError(f"{error}.") from None
        finally:
            child.stop()
            scaler.stop()
    return read_run(folder), scaler


class _LoadTest:
    """A load test in another process, waited for in another thread."""

    def __init__(self, words: Sequence[str], child: ChildProcess) -> None:
        self._child = child
        self._result: tuple[Path, int] | NothingRunError | None = None
        self._thread = threading.Thread(target=self._run, args=(words,), daemon=True)
        self._thread.start()

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def finish(self) -> Path:
        """The folder of its run; RehearsalError if there is none that says something."""
        if self._child.stopped:
            raise RehearsalError("The rehearsal was interrupted.")
        if self._result is None:
            raise RehearsalError("The load test of the rehearsal did not end in time.")
        if isinstance(self._result, NothingRunError):
            raise RehearsalError(str(self._result), self._result.code)
        folder, code = self._result
        if code != PASS:
            raise RehearsalError(
                f"The load test of the rehearsal ended with {code}, so nothing can be said: the load was not "
                f"offered as planned, or its generator was not fit for it; see {folder}/report.html"
            )
        return folder

    def _run(self, words: Sequence[str]) -> None:
        try:
            self._result = run_load_test(words, {}, self._child.run)
        except NothingRunError as error:
            self._result = error


def _write_scenario(scenario: Scenario, question: ScalingQuestion, folder: Path) -> Path:
    """The traffic of a scenario under the load that is asked about; only its being offered is judged."""
    made = replace(
        scenario,
        load=Load(
            "open", Chain((question.load,)), None, scenario.load.spacing, scenario.load.in_flight_limit
        ),
        traffic=replace(scenario.traffic, user_classes={}),
        objectives=(parse_objective("offered load >= 95 %"),),
        abort=None,
        service=ServicePaths(ready=READY, metrics=None),
    )
    path = folder / "rehearsal.yaml"
    path.write_text(yaml.safe_dump(made.resolve(), sort_keys=False), encoding="utf-8")
    return path


def _compare(
    run: Run, scaler: ReplicaScaler, settings: AutoscalerSettings, question: ScalingQuestion, factor: float
) -> Agreement:
    """The rehearsal on the twin's steps of time, both from the moment at which the load began."""
    samples = run.samples
    if scaler.first_request_s is None or not len(samples):
        raise RehearsalError("No request reached a replica, so nothing can be said.")
    zero_s = scaler.first_request_s - float(samples.intended_s.min())
    looks = [each - zero_s for each in scaler.looks_s if each >= zero_s]
    twin = question.run(settings, looks[0] % question.timing.sync_s if looks else 0.0)
    rows = np.array(scaler.rows)
    which = np.clip(np.searchsorted(rows[:, 0] - zero_s, twin.run.t_s, side="right") - 1, 0, None)
    seen = TwinRun(
        step_s=twin.run.step_s,
        t_s=twin.run.t_s,
        rate_per_s=twin.run.rate_per_s,
        replicas=rows[which, 1].astype(np.int64),
        ready=rows[which, 2].astype(np.int64),
        latency_ms=np.zeros_like(twin.run.t_s),
        queued=np.zeros_like(twin.run.t_s),
        failed=np.zeros_like(twin.run.t_s),
        usage={},
        steps=tuple(replace(each, t_s=each.t_s - zero_s) for each in scaler.controller.steps),
    )
    rehearsed = ScalingOutcome(seen, twin.capacity_per_s, twin.stages, twin.objectives)
    requests = MeasuredRequests(samples.intended_s, samples.latency_ms, samples.ok)
    agreement = Agreement(twin, rehearsed, requests, factor)
    if agreement.unasked:
        texts = ", ".join(each.text for each in agreement.unasked)
        raise RehearsalError(f"No request was due in the time of {texts}, so nothing can be said.")
    return agreement
