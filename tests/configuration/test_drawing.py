"""The drawing: the curve is the load, the lines keep the width, and nothing that matters is missing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from configuration.drawing import draw_scenario
from configuration.loading import list_scenario_names, load_scenario, restore_scenario
from configuration.scenario import Scenario
from shapes.profiles import Constant, Ramp


def curve(scenario: Scenario, width: int) -> list[str]:
    """The bars of the drawing, from the top."""
    return [
        line.partition("┤" if "┤" in line else "│")[2]
        for line in draw_scenario(scenario, width).splitlines()[2:10]
    ]


def test_a_staircase_is_drawn_as_one() -> None:
    assert draw_scenario(load_scenario("staged"), 54).splitlines()[:12] == [
        "staged: One to five users and back to one, 30 s each.",
        "",
        "5 users ┤                    █████",
        "        │               ▃▃▃▃▃█████▃▃▃▃▃",
        "        │               ███████████████",
        "        │          ▆▆▆▆▆███████████████▆▆▆▆▆",
        "        │     ▂▂▂▂▂█████████████████████████▂▂▂▂▂",
        "        │     ███████████████████████████████████",
        "        │▅▅▅▅▅███████████████████████████████████▅▅▅▅▅",
        "        │█████████████████████████████████████████████",
        "      0 └─────────────────────────────────────────────",
        "         0 s                                4 min 30 s",
    ]


@pytest.mark.parametrize("width", [40, 72, 120])
@pytest.mark.parametrize("name", [name for name in list_scenario_names() if name != "manual"])
def test_the_curve_keeps_the_width(name: str, width: int) -> None:
    assert {len(line) for line in draw_scenario(load_scenario(name), width).splitlines()[10:12]} == {width}


def test_a_level_load_fills_every_row() -> None:
    level = load_scenario("manual").with_profile(Constant(7, 10))
    assert set("".join(curve(level, 60))) == {"█"}


@pytest.mark.parametrize("name", list_scenario_names())
def test_stages_and_objectives_are_all_named(name: str) -> None:
    scenario = load_scenario(name)
    drawing = draw_scenario(scenario)
    for text in (*(stage.name for stage in scenario.stages), *map(str, scenario.objectives)):
        assert text in drawing


def test_planned_requests_and_duration_are_shown() -> None:
    drawing = draw_scenario(load_scenario("soak"))
    assert "duration    30 min 30 s\n" in drawing
    assert "planned     36,000 requests, the warm-up not counted\n" in drawing
    assert "0 to 20 users (not judged)" in drawing
    assert "└░" in drawing


def test_rates_keep_their_fractions() -> None:
    segments = [{"ramp": ["0/s", "0.5/s"], "for": "9s"}, {"constant": "0.25/s", "for": "9s"}]
    values = {"description": "Slow.", "load": {"rate": segments}, "objectives": ["error rate <= 0 %"]}
    lines = draw_scenario(restore_scenario(values, Path("slow.yaml"))).splitlines()
    assert lines[2].startswith("0.5/s ┤")
    assert lines[13] == "0 to 0.5/s  from 0 s  for 9 s  0 to 0.5/s"
    assert lines[14] == "0.25/s      from 9 s  for 9 s  0.25/s"
    assert "arrivals    poisson, at most 1,000 in flight a process" in lines


def test_an_endless_load_is_drawn_up_to_where_nothing_changes() -> None:
    endless = load_scenario("manual").with_profile(Ramp(0, 10, 10) + Constant(10, math.inf))
    drawing = draw_scenario(endless, 60)
    assert "10 users       from 10 s  for ever  10 users\n" in drawing
    assert drawing.splitlines()[11].endswith("endless")
    assert "\nduration" not in drawing
    assert "\nplanned" not in drawing


def test_a_manual_load_is_named_as_such() -> None:
    assert "The load is chosen at the start: users, spawn rate and duration." in draw_scenario(
        load_scenario("manual")
    )
