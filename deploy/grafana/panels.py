"""Panels of a Grafana dashboard as values, and the JSON that Grafana reads them from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from deploy.grafana.panel_queries import DATASOURCE, Json, PanelQuery

GRID_COLUMNS: Final = 24
"""The width of Grafana's grid; a narrow screen shows all panels in one column, in their order."""


@dataclass(frozen=True)
class DashboardPanel(ABC):
    """What all panels have: a title, a description, one of Grafana's units, queries, a size on the grid."""

    title: str
    description: str
    unit: str
    queries: Sequence[PanelQuery]
    width: int
    height: int = 8
    decimals: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.width <= GRID_COLUMNS:
            raise ValueError(f"{self.title}: a panel is 1 to {GRID_COLUMNS} columns wide, not {self.width}")
        if len(self.queries) > len(ascii_uppercase):
            raise ValueError(f"{self.title}: a panel has at most {len(ascii_uppercase)} queries")

    @abstractmethod
    def build_json(self, number: int, x: int, y: int) -> Json:
        """The panel's JSON at a place of the grid."""

    def _build_common_json(self, number: int, x: int, y: int, instant: bool) -> Json:
        lettered = list(zip(ascii_uppercase, self.queries, strict=False))
        return {
            "id": number,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [query.build_target(letter, instant) for letter, query in lettered],
            "fieldConfig": {
                "defaults": self._build_defaults(),
                "overrides": [each for letter, query in lettered for each in query.build_overrides(letter)],
            },
        }

    def _build_defaults(self) -> Json:
        return {"unit": self.unit, "min": 0} | ({} if self.decimals is None else {"decimals": self.decimals})


@dataclass(frozen=True)
class TimeSeriesPanel(DashboardPanel):
    """Values over time, on an axis from zero to at least `minimum_maximum`; `stacked`: parts of a whole."""

    stacked: bool = False
    minimum_maximum: float | None = None

    def build_json(self, number: int, x: int, y: int) -> Json:
        """A panel of type `timeseries`."""
        panel = self._build_common_json(number, x, y, instant=False)
        panel["type"] = "timeseries"
        panel["fieldConfig"]["defaults"]["custom"] = {
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 1 if self.stacked else 2,
            "fillOpacity": 60 if self.stacked else 0,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
        } | ({} if self.minimum_maximum is None else {"axisSoftMax": self.minimum_maximum})
        panel["options"] = {
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        }
        return panel


@dataclass(frozen=True)
class StatPanel(DashboardPanel):
    """Present values in large digits; `by_name` shows the name of a query in place of its value.

    Values from `alarm_from` on, if it is given, have the colour `alarm`, and those below the theme's.
    """

    height: int = 3
    by_name: bool = False
    alarm_from: float | None = None
    alarm: str = "text"

    def build_json(self, number: int, x: int, y: int) -> Json:
        """A panel of type `stat`."""
        panel = self._build_common_json(number, x, y, instant=True)
        panel["type"] = "stat"
        defaults = panel["fieldConfig"]["defaults"]
        defaults["noValue"] = "–"
        if self.alarm_from is not None:
            steps = [{"color": "text", "value": None}, {"color": self.alarm, "value": self.alarm_from}]
            defaults["thresholds"] = {"mode": "absolute", "steps": steps}
            defaults["color"] = {"mode": "thresholds"}
            panel["fieldConfig"]["overrides"] = []
        panel["options"] = {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "auto",
            "textMode": "name" if self.by_name else "auto",
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "percentChangeColorMode": "standard",
            "showPercentChange": False,
            "wideLayout": True,
            "text": {"titleSize": 24, "valueSize": 32},
        }
        return panel


@dataclass(frozen=True)
class DashboardRow:
    """A heading and the panels below it, from left to right, line by line."""

    title: str
    panels: Sequence[DashboardPanel]


def arrange_rows(rows: Sequence[DashboardRow]) -> list[Json]:
    """The JSON of all rows and their panels, each with its place on the grid."""
    found: list[Json] = []
    y = 0
    for row in rows:
        heading = {"x": 0, "y": y, "w": GRID_COLUMNS, "h": 1}
        found.append(
            {
                "id": len(found) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": heading,
                "panels": [],
            }
        )
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > GRID_COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            found.append(panel.build_json(len(found) + 1, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return found
