"""Runs that must not pass: what went wrong beside the requests is not hidden by those that went well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
Start = Callable[..., Any]

EAGER = "traffic: {user: eager}"
PATIENT = "[max latency <= 100 s, offered load >= 1 %]"
"""Objectives that a machine misses only if it stands still for as long."""


def pause(seconds: float) -> None:
    """Let real time pass, for processes that run in it."""
    subprocess.run(["sleep", str(seconds)], check=True)


@pytest.mark.parametrize("victims", ["generator and service", "generator"])
def test_a_generator_that_was_frozen_is_not_believed(
    load_test: Start, misbehaving: Start, victims: str, ledger: Ledger
) -> None:
    """Half of a run of paced users: no reply was slow, and half of the requests were never made."""
    service = misbehaving()
    run = load_test(
        service.host,
        "{users: [{constant: 10, for: 10s}]}",
        "[p99 latency <= 100 s]",
        generator="{busy: 1, starved: 1, others: 64}",
    )
    service.until_asked(since_s=2.0)
    frozen = [*run.generators, *([service.process.pid] if "service" in victims else [])]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    pause(5.0)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    run.ended()
    assert run.code == 3, run.said
    assert "the event loop of the generator stood still for more than 100 ms in" in run.said
    assert len(run.rows) < 0.8 * 10 * 10
    ledger.add_run(
        run,
        fault=f"{victims} stopped for 5 of 10 s",
        recorded="what was sent; the verdict says for how long the generator stood still",
        seen=service.seen()[0],
    )


def test_half_of_the_planned_load_is_no_pass_in_the_closed_model_either(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """However lenient the scenario is with its generator."""
    service = misbehaving()
    run = load_test(service.host, "{users: [{constant: 10, for: 8s}]}", "[p99 latency <= 100 s]")
    service.until_asked(since_s=2.0)
    (generator,) = run.generators
    os.kill(generator, signal.SIGSTOP)
    pause(4.5)
    os.kill(generator, signal.SIGCONT)
    run.ended()
    assert run.code == 1, run.said
    assert "offered load was" in run.verdict["sentence"]
    ledger.add_run(
        run,
        fault="half of the planned load is sent, and the scenario believes its generator",
        recorded="what was sent; the offered load is missed",
        seen=service.seen()[0],
    )


STALLED = "{warm_up: [{constant: 4, for: 2s}], users: [{constant: 4, for: 5s}]}"


def test_a_stall_that_begins_in_the_warm_up_is_judged(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """Each user waits from the warm-up until nearly the end: these requests count."""
    service = misbehaving("stall=1.6-6.4", "delay=0.005")
    run = load_test(service.host, STALLED, "[max latency <= 1 s, error rate <= 0 %]", EAGER).ended()
    assert run.code == 1, run.said
    assert run.verdict["objectives"][0]["observed"] > 4
    ledger.add_run(
        run,
        fault="the service stalls from the warm-up until the end",
        recorded="all, with the time that they waited",
        seen=service.seen()[0],
    )


def test_a_stall_that_few_requests_met_leaves_percentiles_unknown(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """Four slow requests among hundreds of fast ones, though nobody was answered for 4 of 5 s."""
    service = misbehaving("stall=1.6-6.0", "delay=0.001")
    run = load_test(service.host, STALLED, "[p50 latency <= 1 s, error rate <= 0 %]", EAGER).ended()
    assert run.code == 3, run.said
    assert "nobody was answered for" in run.verdict["sentence"]
    ledger.add_run(
        run,
        fault="a stall that few requests meet",
        recorded="all; the verdict says for how long nobody was answered",
        seen=service.seen()[0],
    )


def test_half_told_metrics_do_not_blind_the_observer(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """Batches are counted and their rows are not; the service is ready one time in three."""
    service = misbehaving("metrics=inference_batch_size_count {seen}\n", "ready=3")
    run = load_test(
        service.host, "{users: [{constant: 5, for: 7s}]}", "[p99 latency <= 100 s, availability >= 99 %]"
    ).ended()
    assert run.code == 1, run.said
    availability = run.verdict["objectives"][1]
    assert availability["samples"] >= 3
    assert availability["observed"] < 60
    ledger.add_run(
        run,
        fault="metrics without their half, and a service that is seldom ready",
        recorded="all; readiness is observed all the same",
        seen=service.seen()[0],
    )


def test_telemetry_that_was_taken_away_is_no_health(load_test: Start, misbehaving: Start) -> None:
    run = load_test(misbehaving().host, "{users: [{constant: 2, for: 2s}]}", PATIENT).ended()
    assert run.code == 0, run.said
    (run.folder / "telemetry.parquet").unlink()
    command = [sys.executable, "-m", "reports", "show", str(run.folder)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert "Invalid" in shown
    assert "observations were recorded" in shown
    assert "Passed" not in shown


def test_an_interim_reply_is_not_the_final_one(load_test: Start, misbehaving: Start, ledger: Ledger) -> None:
    """103 Early Hints at once, 200 after 20 ms: latency ends with the latter."""
    service = misbehaving("interim")
    run = load_test(
        service.host,
        "{users: [{constant: 4, for: 3s}]}",
        "[p50 latency <= 10 ms, error rate <= 30 %]",
        EAGER,
    ).ended()
    assert run.code == 1, run.said
    latency, errors = run.verdict["objectives"]
    assert latency["observed"] >= 20
    assert errors["observed"] == 0
    assert len(run.rows) == service.seen()[0]
    ledger.add_run(
        run,
        fault="103 at once, 200 after 20 ms",
        recorded="all, with the time until the final reply",
        seen=service.seen()[0],
    )


def test_a_run_that_was_stopped_just_before_its_end_is_no_whole_run(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """A busy machine may deliver the signal too late; that run tells nothing, and another one is made."""
    for _ in range(5):
        service = misbehaving()
        run = load_test(service.host, "{users: [{constant: 4, for: 3s}]}", "[p99 latency <= 100 s]", EAGER)
        service.until_asked(since_s=2.6)
        run.process.terminate()
        run.ended()
        if run.facts["ended_s"] < 2.95:
            break
    assert run.facts["interrupted"] == "SIGTERM"
    assert run.code == 3, run.said
    assert "stopped after" in run.verdict["sentence"]
    ledger.add_run(
        run,
        fault="SIGTERM half a second before the end",
        recorded="all; the verdict says when it was stopped",
        seen=service.seen()[0],
    )


def test_an_empty_host_is_refused(tmp_path: Path) -> None:
    """An unset variable must not aim at the suite's own service."""
    command = [sys.executable, "-m", "loadtests", "--scenario", "smoke", "--host", "", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "--host" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", ["HOTS=http://127.0.0.1:1", "HOST=", "WORKERS=4"])
def test_a_make_variable_without_effect_is_refused(words: str) -> None:
    command = ["make", "-n", "loadtest", words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2, done.stdout
    assert words.partition("=")[0] in done.stderr
