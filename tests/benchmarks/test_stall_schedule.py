"""The truth about a stalling service can be worked out by hand; the function must agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stall.schedule import Stall, StallingService, stalls, true_latency_ms


@pytest.mark.parametrize(
    ("begun_s", "done_s"),
    [
        pytest.param(0.0, 0.1, id="before any stall"),
        pytest.param(0.9, 1.0, id="done as the stall begins"),
        pytest.param(0.95, 2.05, id="interrupted half way"),
        pytest.param(1.0, 2.1, id="begun as the stall begins"),
        pytest.param(1.5, 2.1, id="begun inside"),
        pytest.param(2.0, 2.1, id="begun as it ends"),
        pytest.param(2.95, 4.05, id="interrupted by the next"),
    ],
)
def test_a_stall_interrupts_the_work(begun_s: float, done_s: float) -> None:
    service = StallingService(0.1, (Stall(1.0, 2.0), Stall(3.0, 4.0)))
    assert service.done_s(begun_s) == pytest.approx(done_s)


def test_work_may_span_several_stalls() -> None:
    """0.5 s of it before the first, 1 s between them, half a second after the second."""
    assert StallingService(2.0, (Stall(1.0, 2.0), Stall(3.0, 4.0))).done_s(0.5) == pytest.approx(4.5)


def test_who_arrives_during_a_stall_waits_for_its_end_and_for_those_before() -> None:
    """Arrivals at 0, 1.2, 1.4 and 1.6 s; a stall from 1 to 2 s; each takes 0.1 s, one after the other."""
    service = StallingService(0.1, (Stall(1.0, 2.0),))
    waited = true_latency_ms(service, np.array([0.0, 1.2, 1.4, 1.6, 5.0]))
    assert waited.tolist() == pytest.approx([100, 900, 800, 700, 100])


times = st.lists(st.floats(0, 20), max_size=60).map(
    lambda values: np.sort(np.array(values, dtype=np.float64))
)


@given(arrivals_s=times, work_s=st.floats(0.001, 0.5))
def test_nobody_is_faster_than_the_work_and_nobody_overtakes(arrivals_s: np.ndarray, work_s: float) -> None:
    service = StallingService(work_s, stalls(2.0, 0.2, Stall(12.0, 14.0), 20.0))
    waited_ms = true_latency_ms(service, arrivals_s)
    assert (waited_ms >= work_s * 1000 - 1e-6).all()
    answered_s = arrivals_s + waited_ms / 1000
    assert (np.diff(answered_s) >= work_s - 1e-6).all()


@given(arrivals_s=times, work_s=st.floats(0.001, 0.5))
def test_a_stall_makes_nobody_faster(arrivals_s: np.ndarray, work_s: float) -> None:
    with_stalls = true_latency_ms(StallingService(work_s, (Stall(3.0, 4.0),)), arrivals_s)
    assert (with_stalls >= true_latency_ms(StallingService(work_s), arrivals_s) - 1e-6).all()


def test_the_schedule_keeps_short_stalls_clear_of_the_freeze() -> None:
    schedule = stalls(period_s=2.0, length_s=0.2, freeze=Stall(4.0, 6.0), until_s=10.0)
    assert [stall.start_s for stall in schedule] == pytest.approx([1.0, 3.0, 4.0, 7.0, 9.0])
    assert [stall.end_s for stall in schedule] == pytest.approx([1.2, 3.2, 6.0, 7.2, 9.2])


@pytest.mark.parametrize(("start_s", "end_s"), [(-1.0, 1.0), (2.0, 2.0), (3.0, 2.0)])
def test_an_impossible_stall_is_refused(start_s: float, end_s: float) -> None:
    with pytest.raises(ValueError, match="expected 0 <= start < end"):
        Stall(start_s, end_s)
