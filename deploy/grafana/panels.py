"""Panels of a Grafana dashboard as values, and the JSON that Grafana reads them from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, Final

Json = dict[str, Any]

COLUMNS: Final = 24
"""Grafana's grid; on a narrow screen it puts all panels below each other, in their order."""
DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Series:
    """A query and how its answer is drawn.

    `name` is the legend; with a label in it, such as `{{outcome}}`, the answer is several lines, and
    `colours` gives each one's by its name, or by a pattern between slashes. A colour is #rrggbb, or `text`
    for the theme's own.
    """

    expression: str
    name: str
    colour: str = "text"
    colours: Mapping[str, str] = field(default_factory=dict)
    dashed: bool = False
    stepped: bool = False
    """Whether a value holds until the next one, as with counts of users."""

    def target(self, letter: str, instant: bool) -> Json:
        """The query as Grafana sends it."""
        return {
            "refId": letter,
            "datasource": DATASOURCE,
            "expr": self.expression,
            "legendFormat": self.name,
            "editorMode": "code",
            "instant": instant,
            "range": not instant,
        }

    def overrides(self, letter: str) -> list[Json]:
        """What sets its lines apart from the panel's others."""
        properties: list[Json] = []
        if not self.colours:
            properties.append(_fixed(self.colour))
        if self.dashed:
            properties.append({"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}})
        if self.stepped:
            properties.append({"id": "custom.lineInterpolation", "value": "stepAfter"})
        own = [_override("byFrameRefID", letter, properties)] if properties else []
        return own + [
            _override("byRegexp" if name.startswith("/") else "byName", name, [_fixed(each)])
            for name, each in self.colours.items()
        ]


@dataclass(frozen=True)
class Panel(ABC):
    """What all panels have: a title, how to read it, a unit of Grafana's, queries, a size on the grid."""

    title: str
    description: str
    unit: str
    series: Sequence[Series]
    width: int
    height: int = 8
    decimals: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.width <= COLUMNS:
            raise ValueError(f"{self.title}: a panel is 1 to {COLUMNS} columns wide, not {self.width}")
        if len(self.series) > len(ascii_uppercase):
            raise ValueError(f"{self.title}: a panel has at most {len(ascii_uppercase)} queries")

    @abstractmethod
    def model(self, number: int, x: int, y: int) -> Json:
        """The panel's JSON at a place of the grid."""

    def _common(self, number: int, x: int, y: int, instant: bool) -> Json:
        lettered = list(zip(ascii_uppercase, self.series, strict=False))
        return {
            "id": number,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [series.target(letter, instant) for letter, series in lettered],
            "fieldConfig": {
                "defaults": self._defaults(),
                "overrides": [each for letter, series in lettered for each in series.overrides(letter)],
            },
        }

    def _defaults(self) -> Json:
        return {"unit": self.unit, "min": 0} | ({} if self.decimals is None else {"decimals": self.decimals})


@dataclass(frozen=True)
class Lines(Panel):
    """Values over time, from zero on and at least up to `reach`; `stacked` ones are parts of a whole."""

    stacked: bool = False
    reach: float | None = None

    def model(self, number: int, x: int, y: int) -> Json:
        """A panel of type `timeseries`."""
        panel = self._common(number, x, y, instant=False)
        panel["type"] = "timeseries"
        panel["fieldConfig"]["defaults"]["custom"] = {
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 1 if self.stacked else 2,
            "fillOpacity": 60 if self.stacked else 0,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
        } | ({} if self.reach is None else {"axisSoftMax": self.reach})
        panel["options"] = {
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        }
        return panel


@dataclass(frozen=True)
class Figures(Panel):
    """Present values, large; `by_name` shows a series' name in place of its value.

    Where `alarm_from` is given, values from there on are in `alarm`, and those below in the theme's colour.
    """

    height: int = 3
    by_name: bool = False
    alarm_from: float | None = None
    alarm: str = "text"

    def model(self, number: int, x: int, y: int) -> Json:
        """A panel of type `stat`."""
        panel = self._common(number, x, y, instant=True)
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
class Row:
    """A heading, and the panels below it, from left to right and line by line."""

    title: str
    panels: Sequence[Panel]


def arranged(rows: Sequence[Row]) -> list[Json]:
    """All rows and their panels with their places, none of which overlap."""
    found: list[Json] = []
    y = 0
    for row in rows:
        heading = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
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
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            found.append(panel.model(len(found) + 1, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return found


def _fixed(colour: str) -> Json:
    return {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}


def _override(matcher: str, options: str, properties: Sequence[Json]) -> Json:
    return {"matcher": {"id": matcher, "options": options}, "properties": list(properties)}
