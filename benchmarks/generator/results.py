"""The results of one run of the benchmark, stored as JSON; page and picture are computed from them only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.generator.measuring import ToolWindow
from benchmarks.generator.punctuality import SendLateness

SUITE = "this suite"


@dataclass(frozen=True)
class GeneratorResults:
    """The windows of each tool in the order of measurement, and the other figures of the run."""

    facts: Mapping[str, str]
    uses: Mapping[str, str]
    windows: Mapping[str, Sequence[ToolWindow]]
    recording_us: Sequence[float]
    lateness: SendLateness
    profile: Mapping[str, float]

    def per_cpu_second(self, tool: str) -> float:
        """Return the median of a tool's requests per second of processor time."""
        return median(window.per_cpu_second for window in self.windows[tool])

    def tools_by_rate(self) -> list[str]:
        """Return the names of the tools, the fastest first."""
        return sorted(self.windows, key=self.per_cpu_second, reverse=True)

    def ratio(self, tool: str) -> float:
        """Return this suite's requests per CPU-second divided by those of `tool`: the median over the rounds.

        The two windows of a round are close in time, so slow periods of the machine cancel out.
        """
        pairs = zip(self.windows[SUITE], self.windows[tool], strict=True)
        return median(suite.per_cpu_second / other.per_cpu_second for suite, other in pairs)

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> GeneratorResults:
        """Read a file that `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        windows = {tool: [ToolWindow(**one) for one in some] for tool, some in values.pop("windows").items()}
        return cls(windows=windows, lateness=SendLateness(**values.pop("lateness")), **values)
