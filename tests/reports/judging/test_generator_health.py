"""An overloaded generator makes a run invalid, with its figure and its remedy; a busy service does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.data.facts import Stage
from reports.figures.generator import describe_generator_health, measure_generator_health
from reports.judging.generator_health import GeneratorLimits, find_generator_faults
from reports.judging.verdict import judge_run
from reports.rendering.terminal import format_verdict

MakeRun = Callable[..., Any]


def seconds(*values: float) -> list[tuple[float, float]]:
    return [(index + 1.0, value) for index, value in enumerate(values)]


def late_by(make_run: MakeRun, late_ms: Any, **facts: Any) -> Any:
    intended_s = np.arange(1000) / 100
    return make_run(
        1000, facts={"model": "open", **facts}, intended_s=intended_s, sent_s=intended_s + late_ms / 1000
    )


def test_a_generator_that_keeps_its_limits_has_no_fault(make_run: MakeRun) -> None:
    telemetry = {
        ("generator", "cpu_percent"): seconds(*[80.0] * 10),
        ("generator", "waiting_percent"): seconds(*[5.0] * 10),
        ("generator", "loop_lag_ms"): seconds(*[12.0] * 10),
    }
    assert find_generator_faults(make_run(100, telemetry=telemetry)) == ()


def test_a_busy_service_is_no_fault_of_the_generator(make_run: MakeRun) -> None:
    """The service's own processor use is observed under the same name."""
    telemetry = {
        ("generator", "cpu_percent"): seconds(*[10.0] * 10),
        ("service", "cpu_percent"): seconds(*[100.0] * 10),
    }
    run = make_run(100, telemetry=telemetry)
    assert find_generator_faults(run) == ()
    assert [process.source for process in measure_generator_health(run).processes] == ["generator"]


def test_lateness_is_judged_at_its_99th_percentile(make_run: MakeRun) -> None:
    late_ms = np.where(np.arange(1000) < 989, 1.0, 35.0)
    (fault,) = find_generator_faults(late_by(make_run, late_ms))
    assert str(fault) == (
        "requests left 35 ms late at p99, limit 20 ms: the generator could not keep its schedule; "
        "use --processes 2, or generate the load from a second machine"
    )
    assert find_generator_faults(late_by(make_run, np.where(np.arange(1000) < 990, 1.0, 35.0))) == ()
    assert find_generator_faults(late_by(make_run, late_ms, generator={"lateness_ms": 40.0})) == ()


def test_dropped_requests_are_no_lateness(make_run: MakeRun) -> None:
    """They were not sent because the service was slow."""
    dropped = np.arange(1000) < 900
    run = late_by(make_run, np.where(dropped, np.nan, 1.0))
    assert find_generator_faults(run) == ()
    assert measure_generator_health(run).lateness.max_ms == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("cpu_percent", [97.0] * 41 + [50.0] * 59, "the core of the generator was 97 % busy for 41 s: use"),
        ("cpu_percent", [97.0] * 10 + [50.0] * 90, None),
        ("cpu_percent", [97.0] * 3, None),
        ("cpu_percent", [97.0] * 4, "the core of the generator was 97 % busy for 4 s"),
        (
            "waiting_percent",
            [40.0] * 20,
            "the generator waited for a core 40 % of the time for 20 s: something else is using this machine",
        ),
        (
            "loop_lag_ms",
            [150.0] * 6 + [420.0] + [1.0] * 13,
            "the event loop of the generator stood still for more than 100 ms in 7 of 20 seconds, 420 ms at",
        ),
        ("loop_lag_ms", [150.0] * 2 + [1.0] * 18, None),
    ],
)
def test_each_limit_may_be_broken_in_a_tenth_of_the_seconds(
    make_run: MakeRun, name: str, values: list[float], expected: str | None
) -> None:
    telemetry = {("generator", "cpu_percent"): seconds(*[1.0] * len(values))}
    telemetry[("generator", name)] = seconds(*values)
    found = find_generator_faults(make_run(100, telemetry=telemetry))
    if expected is None:
        assert found == ()
    else:
        assert len(found) == 1
        assert str(found[0]).startswith(expected)


def test_a_standstill_counts_for_as_long_as_it_lasted(make_run: MakeRun) -> None:
    """A frozen process observes nothing meanwhile: one value stands for eleven seconds."""
    telemetry = {
        ("generator", "cpu_percent"): seconds(*[5.0] * 4),
        ("generator", "loop_lag_ms"): seconds(1.0, 1.0, 11_000.0, 1.0),
    }
    (fault,) = find_generator_faults(make_run(100, telemetry=telemetry))
    assert fault.what == (
        "the event loop of the generator stood still for more than 100 ms in 11 of 14 seconds, "
        "11,000 ms at worst"
    )


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("no_descriptor", "2 requests were never sent, the generator had no file descriptor left: raise its"),
        ("no_port", "2 requests were never sent, the generator had no port left: let connections be kept"),
        (
            "expired_credential",
            "2 requests were refused (401) with a credential that had been accepted before: let it",
        ),
    ],
)
def test_what_the_generators_machine_lacked_is_no_failure_of_the_service(
    make_run: MakeRun, outcome: str, said: str
) -> None:
    run = make_run(100, outcome=np.where(np.arange(100) < 2, outcome, "ok"))
    (fault,) = find_generator_faults(run)
    assert str(fault).startswith(said)
    assert judge_run(run).verdict == "invalid"


def test_requests_that_were_sent_again_are_told(make_run: MakeRun) -> None:
    telemetry = {
        ("generator", "cpu_percent"): seconds(1.0, 1.0),
        ("generator", "resent"): seconds(2.0, 5.0),
    }
    told = "5 requests were sent again"
    assert describe_generator_health(measure_generator_health(make_run(100, telemetry=telemetry)))[-1] == (
        f"{told} over a fresh connection: the service had closed the kept one"
    )
    assert judge_run(make_run(400, telemetry=telemetry)).sentence.endswith(f"; {told}.")
    assert told not in judge_run(make_run(600, telemetry=telemetry)).sentence, (
        "one in a hundred is worth a word"
    )


def test_warm_up_is_left_out(make_run: MakeRun) -> None:
    stages = (Stage("warm-up", 0.0, 5.5, judged=False), Stage("steady", 5.5, 10.0))
    telemetry = {("generator", "cpu_percent"): seconds(*[99.0] * 5, *[10.0] * 5)}
    assert find_generator_faults(make_run(100, facts={"stages": stages}, telemetry=telemetry)) == ()


def test_every_worker_is_looked_at(make_run: MakeRun) -> None:
    telemetry = {
        ("worker 1", "cpu_percent"): seconds(*[10.0] * 10),
        ("worker 2", "cpu_percent"): seconds(*[99.0] * 10),
    }
    (fault,) = find_generator_faults(make_run(100, telemetry=telemetry))
    assert fault.what.startswith("the core of the worker 2 was 99 % busy for 10 s")


def test_the_remedy_knows_how_many_processes_there_were(make_run: MakeRun) -> None:
    telemetry = {("worker 1", "cpu_percent"): seconds(*[99.0] * 10)}
    (fault,) = find_generator_faults(make_run(100, facts={"workers": 2}, telemetry=telemetry))
    assert fault.remedy == (
        "use more processes than the 2 there were, or generate the load from a second machine"
    )


def test_more_processes_are_no_remedy_where_cores_are_short(make_run: MakeRun) -> None:
    telemetry = {
        ("generator", "cpu_percent"): seconds(*[50.0] * 10),
        ("generator", "waiting_percent"): seconds(*[40.0] * 10),
    }
    (fault,) = find_generator_faults(make_run(100, telemetry=telemetry))
    assert fault.remedy == (
        "something else is using this machine; leave a core to each process of the generator, or generate "
        "the load from a second machine"
    )


def test_a_generator_that_stood_still_may_have_been_kept_from_running(make_run: MakeRun) -> None:
    telemetry = {
        ("generator", "cpu_percent"): seconds(*[1.0] * 10),
        ("generator", "loop_lag_ms"): seconds(*[150.0] * 10),
    }
    (fault,) = find_generator_faults(make_run(100, telemetry=telemetry))
    assert fault.remedy == (
        "something else may be using this machine; if nothing is, use --processes 2, or generate the load "
        "from a second machine"
    )


def test_the_verdict_says_what_is_wrong_and_the_reasons_what_to_do(make_run: MakeRun) -> None:
    """One short sentence leads, in the terminal too."""
    telemetry = {("generator", "cpu_percent"): seconds(*[99.0] * 10)}
    verdict = judge_run(make_run(100, telemetry=telemetry))
    assert verdict.sentence == "Invalid: the core of the generator was 99 % busy for 10 s."
    assert verdict.reasons == (
        "the core of the generator was 99 % busy for 10 s: use --processes 2, or generate the load from a "
        "second machine",
    )
    assert format_verdict(verdict, False, 120).splitlines()[1] == f"- {verdict.reasons[0]}"


def test_an_overloaded_generator_comes_before_any_miss(make_run: MakeRun) -> None:
    """Its figures can't show that the service failed, nor that it held."""
    telemetry = {("generator", "cpu_percent"): seconds(*[99.0] * 10)}
    verdict = judge_run(make_run(100, telemetry=telemetry, latency_ms=500.0))
    assert verdict.verdict == "invalid"
    assert "99 % busy" in verdict.sentence


def test_limits_are_read_from_the_facts() -> None:
    assert GeneratorLimits.from_json({}) == GeneratorLimits()
    assert GeneratorLimits.from_json({"busy": 0.5, "of a newer version": 1.0}) == GeneratorLimits(busy=0.5)
