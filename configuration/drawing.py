"""A scenario as text, to look at before anything is sent: the curve, the stages, the facts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from configuration.levels import describe_level
from configuration.scenario import Scenario
from reports.data.facts import Stage
from reports.data.quantities import format_count, format_duration
from shapes.stages import format_level

CURVE_ROWS: Final = 8
BLOCKS: Final = " ▁▂▃▄▅▆▇█"
"""Characters that fill none to eight eighths of a row."""

MINIMUM_WIDTH: Final = 40


def draw_scenario(scenario: Scenario, width: int = 72) -> str:
    """The load as a curve over time, then stages, planned total and objectives, in lines of at most `width`.

    Long texts (the description, an objective) are not broken. The warm-up is marked below the time axis.
    """
    return "\n".join(_draw_lines(scenario, max(width, MINIMUM_WIDTH))) + "\n"


def _draw_lines(scenario: Scenario, width: int) -> Iterator[str]:
    yield f"{scenario.name}: {scenario.description}"
    yield ""
    if scenario.is_manual:
        yield "The load is chosen at the start: users, spawn rate and duration."
    else:
        yield from _draw_curve(scenario, width)
        yield ""
        yield from _list_stages(scenario)
    yield ""
    yield from (f"{title:<12}{text}" for title, text in _list_facts(scenario))


def _draw_curve(scenario: Scenario, width: int) -> Iterator[str]:
    """Bars of the mean level in the time of each column."""
    profile, unit = scenario.full_profile, scenario.load.unit
    drawn_s = _find_drawn_duration(scenario)
    peak = profile.peak
    labels = {
        CURVE_ROWS: describe_level(peak, unit),
        CURVE_ROWS // 2: describe_level(peak / 2, unit) if peak % 2 == 0 else "",
        0: "0",
    }
    margin = max(map(len, labels.values()))
    columns = width - margin - 2
    areas = np.diff(profile.compute_areas(np.linspace(0.0, drawn_s, columns + 1)))
    heights = areas / (drawn_s / columns) / peak * CURVE_ROWS
    for row in range(CURVE_ROWS, 0, -1):
        eighths = np.clip(np.round((heights - (row - 1)) * 8), 0, 8).astype(int)
        bar = "".join(BLOCKS[count] for count in eighths)
        tick = "┤" if labels.get(row) else "│"
        yield f"{labels.get(row, ''):>{margin}} {tick}{bar}".rstrip()
    warm = round(scenario.judged_from_s / drawn_s * columns)
    yield f"{labels[0]:>{margin}} └{'░' * warm}{'─' * (columns - warm)}"
    end = "endless" if scenario.planned_s is None else format_duration(drawn_s)
    yield f"{'':>{margin}}  0 s{end:>{columns - 3}}"


def _find_drawn_duration(scenario: Scenario) -> float:
    """Seconds to draw; of an endless load, all before its last stage and the same time again."""
    if scenario.planned_s is not None:
        return scenario.planned_s
    return 2 * scenario.stages[-1].start_s or 60.0


def _list_stages(scenario: Scenario) -> Iterator[str]:
    stages = scenario.stages
    name_width = max(len(stage.name) for stage in stages)
    rows = [
        (stage.name, format_duration(stage.start_s), _format_length(stage), _describe_levels(scenario, stage))
        for stage in stages
    ]
    from_width, for_width = (max(len(row[column]) for row in rows) for column in (1, 2))
    for (name, start, length, level), stage in zip(rows, stages, strict=True):
        note = "" if stage.judged else " (not judged)"
        yield f"{name:<{name_width}}  from {start:>{from_width}}  for {length:>{for_width}}  {level}{note}"


def _format_length(stage: Stage) -> str:
    return "ever" if stage.end_s == math.inf else format_duration(stage.end_s - stage.start_s)


def _describe_levels(scenario: Scenario, stage: Stage) -> str:
    """The level of a stage, or its lowest and its highest."""
    end_s = min(stage.end_s, stage.start_s + 60.0) if stage.end_s == math.inf else stage.end_s
    times = np.linspace(stage.start_s, np.nextafter(end_s, stage.start_s), 1_000)
    levels = scenario.full_profile.compute_levels(times)
    unit, low, high = scenario.load.unit, float(levels.min()), float(levels.max())
    if low == high:
        return describe_level(high, unit)
    low, high = (float(f"{level:.4g}") for level in (low, high))
    return f"{format_level(low)} to {describe_level(high, unit)}"


def _list_facts(scenario: Scenario) -> Iterator[tuple[str, str]]:
    if scenario.planned_s is not None:
        yield "duration", format_duration(scenario.planned_s)
    requests = scenario.make_plan().requests
    if (calibration := scenario.load.calibration) is not None:
        users, length = format_count(calibration.users, "eager user"), format_duration(calibration.duration_s)
        yield "capacity", f"found before by {users} in {length}"
    elif requests is not None:
        note = ", the warm-up not counted" if scenario.judged_from_s else ""
        yield (
            "planned",
            format_count(round(requests), "turn" if scenario.traffic.turn_starts else "request") + note,
        )
    elif not scenario.is_manual and scenario.planned_s is not None:
        yield "planned", "as many requests as the users' thinking leaves time for"
    if scenario.load.model == "open":
        limit = f"at most {scenario.load.in_flight_limit:,} in flight a process"
        recording = scenario.load.recording
        told = scenario.load.spacing if recording is None else f"as recorded in {recording.file.name}"
        yield "arrivals", f"{told}, {limit}"
    else:
        yield "users", ", ".join(_describe_user_mix(scenario))
    for index, endpoint in enumerate(scenario.traffic.all_endpoints):
        yield "" if index else "endpoints", f"{endpoint.name}: {endpoint.method} {endpoint.path}"
    for index, objective in enumerate(scenario.objectives):
        yield "" if index else "objectives", str(objective)


def _describe_user_mix(scenario: Scenario) -> Iterator[str]:
    classes = scenario.traffic.user_classes
    total = sum(classes.values())
    for name, weight in classes.items():
        yield name if len(classes) == 1 else f"{name} {weight / total:.0%}"
