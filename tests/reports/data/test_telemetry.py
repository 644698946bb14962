"""Telemetry: values of a name at a source, over time."""

from __future__ import annotations

from collections.abc import Callable

from reports.data.run import Run
from reports.data.telemetry import Telemetry


def test_a_series_is_one_name_at_one_source_in_order_of_time(make_run: Callable[..., Run]) -> None:
    run = make_run(
        telemetry={
            ("generator", "cpu"): [(2.0, 0.5), (1.0, 0.4)],
            ("service", "cpu"): [(1.5, 0.9)],
            ("generator", "users"): [(0.0, 3.0)],
        }
    )
    t_s, value = run.telemetry.select_series("cpu", "generator")
    assert (t_s.tolist(), value.tolist()) == ([1.0, 2.0], [0.4, 0.5])
    t_s, value = run.telemetry.select_series("cpu")
    assert (t_s.tolist(), value.tolist()) == ([1.0, 1.5, 2.0], [0.4, 0.9, 0.5])


def test_what_was_never_observed_is_an_empty_series() -> None:
    t_s, value = Telemetry.empty().select_series("users")
    assert (len(t_s), len(value)) == (0, 0)
