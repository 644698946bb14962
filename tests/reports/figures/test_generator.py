"""The generator's figures: measured over what is judged, and told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reports.figures.generator import describe_generator_health, measure_generator_health

MakeRun = Callable[..., Any]


def seconds(*values: float) -> list[tuple[float, float]]:
    return [(index + 1.0, value) for index, value in enumerate(values)]


def late_by(make_run: MakeRun, late_ms: float) -> Any:
    intended_s = np.arange(1000) / 100
    return make_run(1000, facts={"model": "open"}, intended_s=intended_s, sent_s=intended_s + late_ms / 1000)


def test_the_closed_model_has_no_schedule_to_be_late_for(make_run: MakeRun) -> None:
    assert measure_generator_health(make_run(100)).lateness is None


def test_health_is_told_in_words(make_run: MakeRun) -> None:
    telemetry = {
        ("generator", "cpu_percent"): seconds(10.0, 20.0, 30.0),
        ("generator", "waiting_percent"): seconds(1.0, 2.0, 3.0),
        ("generator", "loop_lag_ms"): seconds(0.5, 12.25, 1.0),
    }
    assert describe_generator_health(measure_generator_health(make_run(100, telemetry=telemetry))) == [
        "generator: 20 % of a core (30 % at most), waited for it 2 % of the time, "
        "event loop still for 12.2 ms at most"
    ]
    assert describe_generator_health(measure_generator_health(late_by(make_run, 0.5))) == [
        "sends late by 0.5 ms at p50, 0.5 ms at p99, 0.5 ms at most"
    ]
    assert describe_generator_health(measure_generator_health(make_run(100))) == []


def test_a_wait_that_the_system_does_not_tell_is_said(make_run: MakeRun) -> None:
    telemetry = {("generator", "cpu_percent"): seconds(10.0, 20.0, 30.0)}
    assert describe_generator_health(measure_generator_health(make_run(100, telemetry=telemetry))) == [
        "generator: 20 % of a core (30 % at most), how long it waited for it is unknown, as only Linux tells"
    ]
