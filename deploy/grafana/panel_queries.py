"""The queries of a panel, and the JSON that Grafana reads them from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]

DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class PanelQuery:
    """A query and how its answer is drawn.

    `name` is the legend; with a label in it, such as `{{outcome}}`, the answer is several lines, whose
    `colours` are found by their names or by a pattern between slashes. A colour is #rrggbb, or `text` for
    the theme's text colour.
    """

    expression: str
    name: str
    colour: str = "text"
    colours: Mapping[str, str] = field(default_factory=dict)
    dashed: bool = False
    stepped: bool = False
    """Whether a value holds until the next one, as with counts of users."""

    def build_target(self, letter: str, instant: bool) -> Json:
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

    def build_overrides(self, letter: str) -> list[Json]:
        """The properties in which its lines differ from the panel's defaults."""
        properties: list[Json] = []
        if not self.colours:
            properties.append(_fix_colour(self.colour))
        if self.dashed:
            properties.append({"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}})
        if self.stepped:
            properties.append({"id": "custom.lineInterpolation", "value": "stepAfter"})
        own = [_build_override("byFrameRefID", letter, properties)] if properties else []
        return own + [
            _build_override("byRegexp" if name.startswith("/") else "byName", name, [_fix_colour(each)])
            for name, each in self.colours.items()
        ]


def _fix_colour(colour: str) -> Json:
    return {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}


def _build_override(matcher: str, options: str, properties: Sequence[Json]) -> Json:
    return {"matcher": {"id": matcher, "options": options}, "properties": list(properties)}
