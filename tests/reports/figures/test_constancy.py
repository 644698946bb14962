"""Where the planned load is constant: by the plan's series, whose values hold until the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.figures.constancy import find_constant_span, is_load_constant

MakeRun = Callable[..., Run]
STAGES = (Stage("up", 0.0, 10.0), Stage("hold", 10.0, 50.0), Stage("down", 50.0, 60.0))


@pytest.mark.parametrize(
    ("t_s", "levels", "span"),
    [
        pytest.param((0.0, 60.0), (5.0, 5.0), (0.0, 60.0), id="constant"),
        pytest.param((0.0, 5.0, 10.0, 50.0, 55.0), (1.0, 3.0, 5.0, 3.0, 1.0), (10.0, 50.0), id="up and down"),
        pytest.param((), (), None, id="no plan"),
        pytest.param((70.0,), (5.0,), None, id="a plan that begins later"),
    ],
)
def test_the_longest_time_of_one_level_is_found(
    make_run: MakeRun, t_s: tuple[float, ...], levels: tuple[float, ...], span: tuple[float, float] | None
) -> None:
    run = make_run(600, facts={"plan": Plan(t_s=t_s, users=levels)})
    assert find_constant_span(run) == span


def test_a_slow_ramp_is_never_constant_for_long(make_run: MakeRun) -> None:
    """Each step is less than 2 % of the level, and their sum is not."""
    plan = Plan(t_s=tuple(range(60)), users=tuple(range(60, 120)))
    start_s, end_s = find_constant_span(make_run(600, facts={"plan": plan})) or (0.0, 60.0)
    assert end_s - start_s <= 2


def test_a_stage_may_be_constant_in_a_run_that_is_not(make_run: MakeRun) -> None:
    plan = Plan(t_s=(0.0, 5.0, 10.0, 50.0, 55.0), rate=(1.0, 3.0, 5.0, 3.0, 1.0))
    run = make_run(600, facts={"plan": plan, "stages": STAGES})
    assert not is_load_constant(run)
    assert is_load_constant(run, "hold")
    assert not is_load_constant(run, "up")
