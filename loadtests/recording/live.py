"""Figures while the run goes on: approximate (HDR histograms), shown and never judged."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from loadtests.recording.row import OUTCOME_CODES
from loadtests.recording.sample_writer import SampleBatch
from reports.data.facts import Stage
from reports.objectives.objective import Objective

HIGHEST_US: Final = 3_600_000_000
SIGNIFICANT_DIGITS: Final = 2
RECENT_S: Final = 5.0


def _histogram() -> HdrHistogram:
    return HdrHistogram(1, HIGHEST_US, SIGNIFICANT_DIGITS)


@dataclass
class Cell:
    """Counts and latencies of one endpoint in one stage, or of several such added up."""

    requests: int = 0
    ok: int = 0
    errors: int = 0
    rows: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    ok_by_second: Counter[int] = field(default_factory=Counter)
    latency_us: HdrHistogram = field(default_factory=_histogram)

    def add(self, other: Cell) -> None:
        """Count another cell's requests too."""
        self.requests += other.requests
        self.ok += other.ok
        self.errors += other.errors
        self.rows += other.rows
        self.statuses.update(other.statuses)
        self.ok_by_second.update(other.ok_by_second)
        self.latency_us.add(other.latency_us)

    def percentile_ms(self, percent: float) -> float | None:
        """The latency that `percent` of the answered requests did not exceed, within 1 %."""
        if not self.latency_us.get_total_count():
            return None
        return float(self.latency_us.get_value_at_percentile(percent)) / 1000.0


class Standing(NamedTuple):
    """How an objective stands: the figure so far in the objective's unit, and whether it keeps the limit.

    Both are None for a metric that is known after the run only.
    """

    objective: Objective
    observed: float | None
    kept: bool | None


class Live:
    """Count batches as they come."""

    def __init__(
        self, stages: Sequence[Stage], objectives: Iterable[Objective], expected: Iterable[str]
    ) -> None:
        self.objectives = tuple(objectives)
        self._stages = stages
        self._fine = [OUTCOME_CODES[name] for name in ("ok", *expected)]
        self._timed = [OUTCOME_CODES[name] for name in ("ok", "timeout")]
        self._cells: dict[tuple[str, str], Cell] = {}
        self._recent: deque[tuple[float, int]] = deque()

    def add(self, batch: SampleBatch, t_s: float) -> None:
        """Count a batch that was sealed at `t_s`."""
        for stage in np.unique(batch.stages):
            in_stage = batch.rows[batch.stages == stage]
            for endpoint in np.unique(in_stage["endpoint"]):
                key = (batch.endpoints[endpoint], self._stages[stage].name)
                cell = self._cells.setdefault(key, Cell())
                self._count(cell, in_stage[in_stage["endpoint"] == endpoint])
        self._recent.append((t_s, len(batch.rows)))
        while self._recent[0][0] < t_s - RECENT_S:
            self._recent.popleft()

    def _count(self, cell: Cell, rows: NDArray[np.void]) -> None:
        outcome = rows["outcome"]
        ok = rows[outcome == OUTCOME_CODES["ok"]]
        cell.requests += len(rows)
        cell.ok += len(ok)
        cell.errors += int(np.count_nonzero(~np.isin(outcome, self._fine)))
        cell.rows += int(ok["rows"].sum())
        cell.statuses.update(_counts(rows["status"]))
        cell.ok_by_second.update(_counts((ok["intended_s"] + ok["latency_ms"] / 1000.0).astype(np.int64)))
        timed = rows["latency_ms"][np.isin(outcome, self._timed)]
        for value_us, count in _counts(_rounded(timed * 1000.0)).items():
            cell.latency_us.record_value(min(value_us, HIGHEST_US), count)

    def total(self, on: str | None = None, during: str | None = None) -> Cell:
        """All requests so far, of one endpoint or stage where named; warm-up left out."""
        total = Cell()
        judged = {stage.name for stage in self._stages if stage.judged}
        for (endpoint, stage), cell in self._cells.items():
            if stage in judged and on in (None, endpoint) and during in (None, stage):
                total.add(cell)
        return total

    def rate(self, t_s: float) -> float:
        """Requests recorded a second over the last seconds."""
        return sum(count for at_s, count in self._recent if at_s >= t_s - RECENT_S) / min(
            RECENT_S, max(t_s, 1.0)
        )

    def standings(self, t_s: float) -> Iterator[Standing]:
        """Each objective's state `t_s` seconds into the run."""
        for objective in self.objectives:
            value = None if objective.window_s else self._value(objective, t_s)
            if value is None:
                yield Standing(objective, None, None)
            else:
                yield Standing(objective, objective.convert_to_unit(value), objective.allows(value))

    def _value(self, objective: Objective, t_s: float) -> float | None:
        cell = self.total(objective.on, objective.during)
        if not cell.requests:
            return None
        elapsed_s = self._elapsed_s(objective.during, t_s)
        match objective.definition.name:
            case "p<percentile> latency":
                return cell.percentile_ms(float(objective.argument or 0))
            case "max latency":
                return cell.percentile_ms(100.0)
            case "mean latency":
                return float(cell.latency_us.get_mean_value()) / 1000.0
            case "error rate" | "errors":
                return cell.errors / cell.requests
            case "status <code>":
                return float(cell.statuses[int(objective.argument or 0)])
            case "throughput":
                return (cell.rows if objective.unit == "rows/s" else cell.ok) / elapsed_s
            case "peak throughput" if objective.unit != "rows/s":
                return float(max(cell.ok_by_second.values(), default=0))
        return None

    def _elapsed_s(self, during: str | None, t_s: float) -> float:
        stages = [stage for stage in self._stages if stage.judged and during in (None, stage.name)]
        return max(sum(max(0.0, min(stage.end_s, t_s) - stage.start_s) for stage in stages), 1.0)


def _counts(values: NDArray[Any]) -> dict[int, int]:
    distinct, counts = np.unique(values, return_counts=True)
    return dict(zip(distinct.tolist(), counts.tolist(), strict=True))


def _rounded(values_us: np.ndarray) -> NDArray[np.int64]:
    """Whole microseconds with three significant digits: few distinct values, so that recording is cheap."""
    step = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(values_us, 1.0))) - 2.0, 0.0)
    rounded: NDArray[np.int64] = (np.round(values_us / step) * step).astype(np.int64)
    return rounded
