"""What one run of the benchmark found, kept as JSON: the page and the picture follow from it alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from benchmarks.service.contenders import CONSTANT, DATAFRAME, PEERS, SHORT_CONSTANT, STOCK, SUITE
from benchmarks.service.opened import Open
from benchmarks.service.serving import Closed

CONNECTIONS: Final = (8, 32)
Rate = Literal["per_second", "per_cpu_second"]


@dataclass(frozen=True)
class Round:
    """One turn of one service."""

    closed: Mapping[int, Closed]
    """By the number of connections."""
    opened: Open | None = None
    """At a share of its capacity."""
    beside: Open | None = None
    """The constant reply, past the framework, at the same rate, right after."""
    lone: Closed | None = None
    """With one connection: nobody else's requests to wait for."""


@dataclass(frozen=True)
class Batches:
    """Rows a second, one figure a round."""

    endpoint: Sequence[float]
    """The batch endpoint."""
    model: Sequence[float]
    """`predict_batch` on rows that are ready."""


@dataclass(frozen=True)
class Results:
    """All rounds by service, in the order in which they were measured."""

    facts: Mapping[str, str]
    uses: Mapping[str, str]
    rounds: Mapping[str, Sequence[Round]]
    batches: Batches
    absent: Mapping[str, str] = field(default_factory=dict)
    """Why a service took no part."""
    soak_mib: Sequence[tuple[float, float]] = ()
    """Seconds under load, and the memory this service held then."""

    def per_second(self, name: str, connections: int) -> float:
        """The service's median rate of good replies."""
        return median(each.closed[connections].per_second for each in self.rounds[name])

    def capacity(self, name: str) -> float:
        """The larger of its median rates."""
        return max(self.per_second(name, connections) for connections in CONNECTIONS)

    def ratio(self, name: str, connections: int, of: Rate = "per_second") -> float | None:
        """How many times as many replies this service gives: the median over the rounds; None if absent.

        Turns of one round lie side by side, so what slows the whole machine cancels out.
        """
        pairs = zip(self.rounds[SUITE], self.rounds.get(name, ()), strict=False)
        ratios = [
            getattr(ours.closed[connections], of) / getattr(theirs.closed[connections], of)
            for ours, theirs in pairs
            if theirs.closed[connections].per_second > 0
        ]
        return median(ratios) if ratios else None

    def least_ratio(self, names: Sequence[str], of: Rate = "per_second") -> float | None:
        """The smallest of the ratios to these services, over both numbers of connections."""
        every = [self.ratio(name, connections, of) for name in names for connections in CONNECTIONS]
        return min((ratio for ratio in every if ratio is not None), default=None)

    def latency(self, name: str) -> tuple[float, float, float] | None:
        """p50, p99 and p99.9 in the open model, in milliseconds: medians over the rounds."""
        return _medians(each.opened.percentiles_ms() for each in self.rounds[name] if each.opened)

    def latency_ratio(self, name: str) -> tuple[float, float, float] | None:
        """The same percentiles as multiples of the constant reply's at the same rate.

        None where even that can't be given so often: it has no latency to compare with then.
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
        """The median over the rounds of what a lone connection waits in the middle."""
        every = [each.lone.p50_ms for each in self.rounds[name] if each.lone]
        return median(every) if every else None

    def lone_of_stock(self) -> float | None:
        """p50 with one connection as a multiple of the stock service's: the median over the rounds."""
        pairs = zip(self.rounds[SUITE], self.rounds[STOCK], strict=True)
        ratios = [a.lone.p50_ms / b.lone.p50_ms for a, b in pairs if a.lone and b.lone]
        return median(ratios) if ratios else None

    def open_failures(self, name: str) -> float:
        """The share of requests in the open model that got no good reply, over all rounds."""
        every = [each.opened for each in self.rounds[name] if each.opened]
        return sum(each.failed for each in every) / max(sum(each.requests for each in every), 1)

    def batch_of_stock(self) -> float:
        """Rows of the batch endpoint for each single request that the stock service answers."""
        return median(self.batches.endpoint) / self.capacity(STOCK)

    def batch_of_model(self) -> float:
        """The share of the model's own limit that the batch endpoint reaches: the median over the rounds."""
        return median(a / b for a, b in zip(self.batches.endpoint, self.batches.model, strict=True))

    def with_soak(self, soak_mib: Sequence[tuple[float, float]]) -> Results:
        """The same with another soak."""
        return replace(self, soak_mib=soak_mib)

    def write(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What `write` wrote."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rounds = {name: [_round(each) for each in some] for name, some in values.pop("rounds").items()}
        soak = [(at_s, mib) for at_s, mib in values.pop("soak_mib")]
        return cls(rounds=rounds, batches=Batches(**values.pop("batches")), soak_mib=soak, **values)


@dataclass(frozen=True)
class Goal:
    """What the service aims at, and what was measured; None where a part did not take part."""

    text: str
    measured: float | None
    reached: Callable[[float], bool]
    per_cpu: float | None = None
    """The same of replies for each second of processor time, where that has a sense."""


def goals(results: Results) -> list[Goal]:
    """Each goal; a rate counts at the number of connections where it looks worst."""

    def rate(text: str, names: Sequence[str], least: float) -> Goal:
        per_second = results.least_ratio(names)
        return Goal(text, per_second, _least(least), results.least_ratio(names, "per_cpu_second"))

    _, p99, p999 = results.latency_ratio(SUITE) or (None, None, None)
    return [
        rate("at least 3 × the best of LitServe, MLServer, BentoML", PEERS, 3),
        rate("at least 20 × the DataFrame form", [DATAFRAME], 20),
        rate("at least 0.75 of the constant route", [CONSTANT], 0.75),
        Goal("one connection: p50 at most the stock service's", results.lone_of_stock(), _most(1)),
        Goal("open model, p99 at most 2 × the constant reply's", p99, _most(2)),
        Goal("open model, p99.9 at most 3 × the constant reply's", p999, _most(3)),
        Goal("batch endpoint: rows/s at least 30 × stock requests/s", results.batch_of_stock(), _least(30)),
        Goal("batch endpoint: at least 0.2 of the model's own limit", results.batch_of_model(), _least(0.2)),
    ]


def _least(limit: float) -> Callable[[float], bool]:
    return lambda value: value >= limit


def _most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


def _medians(rows: Any) -> tuple[float, float, float] | None:
    columns = list(zip(*rows, strict=True))
    return (median(columns[0]), median(columns[1]), median(columns[2])) if columns else None


def _round(values: Mapping[str, Any]) -> Round:
    closed = {int(connections): Closed(**each) for connections, each in values["closed"].items()}
    opened, beside = (Open(**values[key]) if values[key] else None for key in ("opened", "beside"))
    return Round(closed, opened, beside, Closed(**values["lone"]) if values.get("lone") else None)
