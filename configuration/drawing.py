"""A scenario drawn as text, to be looked at before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from configuration.scenario import Scenario
from configuration.segments import describe
from reports.data.facts import Stage
from reports.data.quantities import counted, duration
from shapes.stages import format_level

ROWS: Final = 8
EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
LEAST_WIDTH: Final = 40


def draw(scenario: Scenario, width: int = 72) -> str:
    """The load as a curve over time, then stages, planned total and objectives, in lines of at most `width`.

    Long texts (the description, an objective) are not broken. The warm-up is marked below the time axis.
    """
    return "\n".join(_lines(scenario, max(width, LEAST_WIDTH))) + "\n"


def _lines(scenario: Scenario, width: int) -> Iterator[str]:
    yield f"{scenario.name}: {scenario.description}"
    yield ""
    if scenario.is_manual:
        yield "The load is said when it starts: users, spawn rate and duration."
    else:
        yield from _curve(scenario, width)
        yield ""
        yield from _stages(scenario)
    yield ""
    yield from (f"{title:<12}{text}" for title, text in _facts(scenario))


def _curve(scenario: Scenario, width: int) -> Iterator[str]:
    """Bars of the mean level in each column's share of the time."""
    profile, unit = scenario.full_profile, scenario.load.unit
    shown_s = _shown_s(scenario)
    peak = profile.peak
    labels = {
        ROWS: describe(unit, peak),
        ROWS // 2: describe(unit, peak / 2) if peak % 2 == 0 else "",
        0: "0",
    }
    margin = max(map(len, labels.values()))
    columns = width - margin - 2
    areas = np.diff(profile.compute_areas(np.linspace(0.0, shown_s, columns + 1)))
    heights = areas / (shown_s / columns) / peak * ROWS
    for row in range(ROWS, 0, -1):
        filled = np.clip(np.round((heights - (row - 1)) * 8), 0, 8).astype(int)
        bar = "".join(EIGHTHS[eighth] for eighth in filled)
        tick = "┤" if labels.get(row) else "│"
        yield f"{labels.get(row, ''):>{margin}} {tick}{bar}".rstrip()
    warm = round(scenario.judged_from_s / shown_s * columns)
    yield f"{labels[0]:>{margin}} └{'░' * warm}{'─' * (columns - warm)}"
    end = "endless" if scenario.planned_s is None else duration(shown_s)
    yield f"{'':>{margin}}  0 s{end:>{columns - 3}}"


def _shown_s(scenario: Scenario) -> float:
    """What is drawn of an endless load: all before its last stage, and as much again of that."""
    if scenario.planned_s is not None:
        return scenario.planned_s
    return 2 * scenario.stages[-1].start_s or 60.0


def _stages(scenario: Scenario) -> Iterator[str]:
    stages = scenario.stages
    name_width = max(len(stage.name) for stage in stages)
    rows = [
        (stage.name, duration(stage.start_s), _length(stage), _level(scenario, stage)) for stage in stages
    ]
    from_width, for_width = (max(len(row[column]) for row in rows) for column in (1, 2))
    for (name, start, length, level), stage in zip(rows, stages, strict=True):
        note = "" if stage.judged else " (not judged)"
        yield f"{name:<{name_width}}  from {start:>{from_width}}  for {length:>{for_width}}  {level}{note}"


def _length(stage: Stage) -> str:
    return "ever" if stage.end_s == math.inf else duration(stage.end_s - stage.start_s)


def _level(scenario: Scenario, stage: Stage) -> str:
    """The level a stage begins and ends with, or the two it swings between."""
    end_s = min(stage.end_s, stage.start_s + 60.0) if stage.end_s == math.inf else stage.end_s
    times = np.linspace(stage.start_s, np.nextafter(end_s, stage.start_s), 1_000)
    levels = scenario.full_profile.compute_levels(times)
    unit, low, high = scenario.load.unit, float(levels.min()), float(levels.max())
    if low == high:
        return describe(unit, high)
    low, high = (float(f"{level:.4g}") for level in (low, high))
    return f"{format_level(low)} to {describe(unit, high)}"


def _facts(scenario: Scenario) -> Iterator[tuple[str, str]]:
    if scenario.planned_s is not None:
        yield "duration", duration(scenario.planned_s)
    requests = scenario.plan().requests
    if (first := scenario.load.calibration) is not None:
        yield (
            "capacity",
            f"found before by {counted(first.users, 'eager user')} in {duration(first.duration_s)}",
        )
    elif requests is not None:
        note = ", the warm-up not counted" if scenario.judged_from_s else ""
        yield "planned", counted(round(requests), "request") + note
    elif not scenario.is_manual and scenario.planned_s is not None:
        yield "planned", "as many requests as the users' thinking leaves time for"
    if scenario.load.model == "open":
        yield (
            "arrivals",
            f"{scenario.load.spacing}, at most {scenario.load.in_flight_limit:,} in flight a process",
        )
    else:
        yield "users", ", ".join(_mix(scenario))
    for index, endpoint in enumerate(scenario.traffic.endpoints):
        yield "" if index else "endpoints", f"{endpoint.name}: {endpoint.method} {endpoint.path}"
    for index, objective in enumerate(scenario.objectives):
        yield "" if index else "objectives", str(objective)


def _mix(scenario: Scenario) -> Iterator[str]:
    classes = scenario.traffic.user_classes
    total = sum(classes.values())
    for name, weight in classes.items():
        yield name if len(classes) == 1 else f"{name} {weight / total:.0%}"
