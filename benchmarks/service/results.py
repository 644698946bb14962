"""The results of one run of the benchmark, stored as JSON; page and picture are computed from them only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from benchmarks.service.open_model import OpenModelResult
from benchmarks.service.services import SHORT_CONSTANT, STOCK, SUITE
from benchmarks.service.serving import ClosedModelResult

CONNECTIONS: Final = (8, 32)
Rate = Literal["per_second", "per_cpu_second"]


@dataclass(frozen=True)
class ServiceRound:
    """The figures of one service in one round."""

    closed: Mapping[int, ClosedModelResult]
    """Closed model, by the number of connections."""
    opened: OpenModelResult | None = None
    """Open model, at a share of its capacity."""
    beside: OpenModelResult | None = None
    """Open model of the constant reply that bypasses the framework, at the same rate, directly after."""
    lone: ClosedModelResult | None = None
    """Closed model with one connection, where no request waits for another."""


@dataclass(frozen=True)
class BatchRates:
    """Rows per second, one figure per round."""

    endpoint: Sequence[float]
    """Of the batch endpoint."""
    model: Sequence[float]
    """Of `predict_batch` on validated rows."""


@dataclass(frozen=True)
class ServiceResults:
    """The rounds of each service in the order of measurement."""

    facts: Mapping[str, str]
    uses: Mapping[str, str]
    rounds: Mapping[str, Sequence[ServiceRound]]
    batches: BatchRates
    absent: Mapping[str, str] = field(default_factory=dict)
    """Why a service was not measured, or not in all rounds."""
    soak_mib: Sequence[tuple[float, float]] = ()
    """Pairs of seconds under load and resident memory of this service."""

    def per_second(self, name: str, connections: int) -> float:
        """Return a service's median throughput of good replies."""
        return median(each.closed[connections].per_second for each in self.rounds[name])

    def capacity(self, name: str) -> float:
        """Return the larger of its median throughputs."""
        return max(self.per_second(name, connections) for connections in CONNECTIONS)

    def names_by_capacity(self) -> list[str]:
        """Return the names of the services, the fastest first."""
        return sorted(self.rounds, key=self.capacity, reverse=True)

    def ratio(self, name: str, connections: int, of: Rate = "per_second") -> float | None:
        """Return this service's rate divided by that of `name`: the median over the rounds; None if absent.

        The figures of one round are close in time, so slow periods of the machine cancel out.
        """
        pairs = zip(self.rounds[SUITE], self.rounds.get(name, ()), strict=False)
        ratios = [
            getattr(ours.closed[connections], of) / getattr(theirs.closed[connections], of)
            for ours, theirs in pairs
            if theirs.closed[connections].per_second > 0
        ]
        return median(ratios) if ratios else None

    def least_ratio(self, names: Sequence[str], of: Rate = "per_second") -> float | None:
        """Return the smallest ratio to these services, over both numbers of connections."""
        every = [self.ratio(name, connections, of) for name in names for connections in CONNECTIONS]
        return min((ratio for ratio in every if ratio is not None), default=None)

    def latency(self, name: str) -> tuple[float, float, float] | None:
        """Return p50, p99 and p99.9 of the open model in milliseconds: medians over the rounds."""
        return _medians(each.opened.percentiles_ms() for each in self.rounds[name] if each.opened)

    def latency_ratio(self, name: str) -> tuple[float, float, float] | None:
        """Return these percentiles as multiples of those of the constant reply at the same rate.

        None if the rate is above the capacity of the constant reply: then there is nothing to compare with.
        """
        rates = [each.opened.rate for each in self.rounds[name] if each.opened]
        if rates and median(rates) > self.capacity(SHORT_CONSTANT):
            return None
        return _medians(
            tuple(a / b for a, b in zip(one.percentiles_ms(), two.percentiles_ms(), strict=True))
            for each in self.rounds[name]
            if (one := each.opened) and (two := each.beside)
        )

    def lone_p50_ms(self, name: str) -> float | None:
        """Return p50 with one connection: the median over the rounds."""
        every = [each.lone.p50_ms for each in self.rounds[name] if each.lone]
        return median(every) if every else None

    def lone_of_stock(self) -> float | None:
        """Return p50 with one connection as a multiple of the stock service's: the median over the rounds."""
        pairs = zip(self.rounds[SUITE], self.rounds[STOCK], strict=True)
        ratios = [a.lone.p50_ms / b.lone.p50_ms for a, b in pairs if a.lone and b.lone]
        return median(ratios) if ratios else None

    def open_failures(self, name: str) -> float:
        """Return the share of requests without a good reply in the open model, over all rounds."""
        every = [each.opened for each in self.rounds[name] if each.opened]
        return sum(each.failed for each in every) / max(sum(each.requests for each in every), 1)

    def batch_of_stock(self) -> float:
        """Return rows/s of the batch endpoint divided by requests/s of the stock service."""
        return median(self.batches.endpoint) / self.capacity(STOCK)

    def batch_of_model(self) -> float:
        """Return rows/s of the batch endpoint divided by the model's limit: the median over the rounds."""
        return median(a / b for a, b in zip(self.batches.endpoint, self.batches.model, strict=True))

    def with_soak(self, soak_mib: Sequence[tuple[float, float]]) -> ServiceResults:
        """Return the same results with another soak."""
        return replace(self, soak_mib=soak_mib)

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> ServiceResults:
        """Read a file that `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rounds = {name: [_round(each) for each in some] for name, some in values.pop("rounds").items()}
        soak = [(at_s, mib) for at_s, mib in values.pop("soak_mib")]
        return cls(rounds=rounds, batches=BatchRates(**values.pop("batches")), soak_mib=soak, **values)


def _medians(rows: Any) -> tuple[float, float, float] | None:
    columns = list(zip(*rows, strict=True))
    return (median(columns[0]), median(columns[1]), median(columns[2])) if columns else None


def _round(values: Mapping[str, Any]) -> ServiceRound:
    closed = {int(connections): ClosedModelResult(**each) for connections, each in values["closed"].items()}
    opened, beside = (OpenModelResult(**values[key]) if values[key] else None for key in ("opened", "beside"))
    return ServiceRound(
        closed, opened, beside, ClosedModelResult(**values["lone"]) if values.get("lone") else None
    )
