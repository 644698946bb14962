"""The chart of replayed arrivals: how late they were sent, and whether the bursts survived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.charts.arrivals import draw_arrivals
from reports.charts.chart_data import Chart, ChartData
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run

Make = Callable[..., Run]

BURSTS_S = np.repeat(np.arange(60.0), 10)
"""Ten requests at each full second of a minute."""


def draw(make_run: Make, sent_s: np.ndarray, recorded: Any) -> Chart | None:
    facts = {"model": "open", "recorded_dispersion": recorded}
    run = make_run(len(sent_s), intended_s=BURSTS_S, sent_s=sent_s, facts=facts)
    return draw_arrivals(ChartData(run, summarise(run), judge_run(run)))


def test_it_tells_lag_and_dispersion_as_recorded_due_and_sent(make_run: Make) -> None:
    chart = draw(make_run, BURSTS_S + 0.002, {"0.1": 18.0, "1": 2.5})
    assert chart is not None
    assert chart.title == "Requests were sent 2 ms late at most, in the bursts in which they were due"
    assert chart.figures == (
        "Arrival lag 2 ms at p50, 2 ms at p99, 2 ms at most. Index of dispersion of counts: 18 recorded, "
        "9.02 due and 9.02 sent in windows of 0.1 s; 2.5 recorded, 0 due and 0 sent in windows of 1 s."
    )
    assert chart.picture is not None


def test_bursts_that_were_smoothed_are_told(make_run: Make) -> None:
    chart = draw(make_run, np.arange(600) / 10 + 0.05, {"0.1": 9.0})
    assert chart is not None
    assert chart.title == (
        "The bursts were not sent as they were due: in windows of 0.1 s the index of dispersion is 0 "
        "instead of 9.02"
    )


def test_a_short_recording_has_its_lag_alone(make_run: Make) -> None:
    chart = draw(make_run, BURSTS_S + 0.002, {})
    assert chart is not None
    assert chart.title == "Requests were sent 2 ms late at most"
    assert chart.figures == "Arrival lag 2 ms at p50, 2 ms at p99, 2 ms at most."


def test_without_a_recording_there_is_no_chart(make_run: Make) -> None:
    assert draw(make_run, BURSTS_S, None) is None


def test_requests_that_were_dropped_are_left_out(make_run: Make) -> None:
    sent_s = BURSTS_S.copy()
    sent_s[::7] = np.nan
    assert draw(make_run, sent_s, {"0.1": 9.0}) is not None


@pytest.mark.parametrize("sent_s", [np.full(600, np.nan)])
def test_nothing_sent_is_no_chart(make_run: Make, sent_s: np.ndarray) -> None:
    assert draw(make_run, sent_s, {"0.1": 9.0}) is None
