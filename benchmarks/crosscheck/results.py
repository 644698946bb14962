"""What one run of the crosscheck found, kept as JSON: the page follows from it alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.crosscheck.parts import SUITE
from benchmarks.crosscheck.reading import Reading

REFUSED: Final = 0.01


@dataclass(frozen=True)
class Turns:
    """The turns of all tools in one part, by tool; turns of the same place lie side by side in time."""

    connections: int | None
    turns: Mapping[str, Sequence[Reading]]

    def median(self, tool: str, figure: str) -> float:
        """The median of a figure of `Reading` over a tool's turns."""
        return median(float(getattr(each, figure)) for each in self.turns[tool])

    def total(self, tool: str, figure: str) -> int:
        """The sum of a count over a tool's turns."""
        return sum(int(getattr(each, figure)) for each in self.turns[tool])

    def ratios(self, tool: str) -> list[float]:
        """For each round, the tool's rate of good replies as a multiple of this suite's."""
        pairs = zip(self.turns[tool], self.turns[SUITE], strict=True)
        return [theirs.per_second / ours.per_second for theirs, ours in pairs]

    def per_service_second(self, tool: str) -> float:
        """The same for requests out of a second of the service's processor time: the median over the rounds.

        What else runs on the machine takes from the rates, and hardly changes this.
        """
        pairs = zip(self.turns[tool], self.turns[SUITE], strict=True)
        return median(ours.service_us / max(theirs.service_us, 1e-9) for theirs, ours in pairs)

    def waiting(self, tool: str) -> float | None:
        """The share of its time that a connection waits for the service.

        What is missing passes in the tool, between a reply and the next request. None where the load is a
        rate, where the tool doesn't tell, or where more than a hundredth was refused, of unknown latency.
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
class Results:
    """All parts in their order, and how they were measured."""

    facts: Mapping[str, str]
    parts: Mapping[str, Turns]
    untold: Mapping[str, Sequence[str]]
    """Objectives that k6 has no words for, by part."""

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        parts = {
            name: Turns(
                part["connections"],
                {tool: [Reading(**each) for each in turns] for tool, turns in part["turns"].items()},
            )
            for name, part in values.pop("parts").items()
        }
        return cls(parts=parts, **values)
