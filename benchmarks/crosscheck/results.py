"""The results of one run of the crosscheck, stored as JSON; the page is computed from them only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.crosscheck.load_cases import SUITE
from benchmarks.crosscheck.reading import Reading

REFUSED: Final = 0.01


@dataclass(frozen=True)
class CaseResults:
    """The turns of all tools in one load case, by tool; turns with the same index belong to one round."""

    connections: int | None
    turns: Mapping[str, Sequence[Reading]]

    def median(self, tool: str, figure: str) -> float:
        """Return the median of a figure of `Reading` over a tool's turns."""
        return median(float(getattr(each, figure)) for each in self.turns[tool])

    def total(self, tool: str, figure: str) -> int:
        """Return the sum of a count over a tool's turns."""
        return sum(int(getattr(each, figure)) for each in self.turns[tool])

    def ratios(self, tool: str) -> list[float]:
        """Return for each round the tool's rate of good replies divided by this suite's."""
        pairs = zip(self.turns[tool], self.turns[SUITE], strict=True)
        return [theirs.per_second / ours.per_second for theirs, ours in pairs]

    def per_service_second(self, tool: str) -> float:
        """Return the same ratio per second of the service's processor time: the median over the rounds.

        Other programs on the machine reduce the rates, but hardly change this ratio.
        """
        pairs = zip(self.turns[tool], self.turns[SUITE], strict=True)
        return median(ours.service_us / max(theirs.service_us, 1e-9) for theirs, ours in pairs)

    def waiting(self, tool: str) -> float | None:
        """Return the share of its time that a connection waits for the service, by Little's law.

        The tool spends the rest between a reply and the next request. None if the load is a rate, if the tool
        has no mean latency, or if more than 1 % was refused, with unknown latency.
        """
        turns = self.turns[tool]
        under_way = [each.under_way for each in turns if each.under_way is not None]
        refused = max(each.refused_share for each in turns) > REFUSED
        return (
            None
            if self.connections is None or refused or not under_way
            else median(under_way) / self.connections
        )


@dataclass(frozen=True)
class CrosscheckResults:
    """The results of all load cases, and how they were measured."""

    facts: Mapping[str, str]
    parts: Mapping[str, CaseResults]
    untold: Mapping[str, Sequence[str]]
    """Objectives that no threshold of k6 expresses, by load case."""

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> CrosscheckResults:
        """Read a file that `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        parts = {
            name: CaseResults(
                part["connections"],
                {tool: [Reading(**each) for each in turns] for tool, turns in part["turns"].items()},
            )
            for name, part in values.pop("parts").items()
        }
        return cls(parts=parts, **values)
