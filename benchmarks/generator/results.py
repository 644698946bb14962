"""What one run of the benchmark found, kept as JSON: the page and the picture follow from it alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.generator.measuring import Window
from benchmarks.generator.punctuality import Lateness

SUITE = "this suite"


@dataclass(frozen=True)
class Results:
    """All windows by tool, in the order in which they were measured, and what was measured beside them."""

    facts: Mapping[str, str]
    uses: Mapping[str, str]
    windows: Mapping[str, Sequence[Window]]
    recording_us: Sequence[float]
    lateness: Lateness
    profile: Mapping[str, float]

    def per_cpu_second(self, tool: str) -> float:
        """The tool's median number of requests for a second of its processor time."""
        return median(window.per_cpu_second for window in self.windows[tool])

    def ratio(self, tool: str) -> float:
        """How many times as many requests this suite gets out of a second: the median over the rounds.

        The two windows of a round lie side by side, so what slows the whole machine cancels out.
        """
        pairs = zip(self.windows[SUITE], self.windows[tool], strict=True)
        return median(suite.per_cpu_second / other.per_cpu_second for suite, other in pairs)

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        windows = {tool: [Window(**one) for one in some] for tool, some in values.pop("windows").items()}
        return cls(windows=windows, lateness=Lateness(**values.pop("lateness")), **values)
