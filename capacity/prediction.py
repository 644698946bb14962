"""Predicts a trial that the search made no use of, and compares it with what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from capacity.findings import CapacityFindings
from reports.data.quantities import format_number

CPU_TOLERANCE: Final = 0.15
CPU_LEAST: Final = 0.03
"""Cores by which the use may differ in any case: what a process does beside requests varies so much."""
RATE_TOLERANCE: Final = 0.05


@dataclass(frozen=True)
class PredictedFigure:
    """A figure of the held-out trial: predicted from the others, allowed to differ so much, measured."""

    name: str
    predicted: float
    tolerance: float
    measured: float

    @property
    def holds(self) -> bool:
        """Whether the measurement is within the tolerance."""
        return abs(self.measured - self.predicted) <= self.tolerance

    @property
    def sentence(self) -> str:
        """Both figures in words."""
        return (
            f"{self.name}: predicted {format_number(self.predicted)}, measured "
            f"{format_number(self.measured)}, "
            f"may differ by {format_number(self.tolerance)}"
        )


@dataclass(frozen=True)
class Prediction:
    """What was predicted of the held-out trial; `misses` says in sentences what the measurement misses."""

    rate_per_s: float
    figures: tuple[PredictedFigure, ...]
    misses: tuple[str, ...]


def predict_held_out(found: CapacityFindings) -> Prediction | None:
    """The prediction from the trials of the search; None if no trial was held out.

    A rate below the proven one has to hold, to be answered as it arrives, and to take the processor time that
    the other trials' line says.
    """
    trial = found.held_out
    if trial is None:
        return None
    rate, cost = trial.planned_per_s, found.cost
    figures = [
        PredictedFigure(
            "successful replies/s", rate, RATE_TOLERANCE * rate, trial.figures.throughput_rps or 0.0
        )
    ]
    unseen = cost is not None and trial.service_cores is None
    if cost is not None and trial.service_cores is not None:
        cores = cost.compute_cores(rate)
        figures.append(
            PredictedFigure("cores in use", cores, max(CPU_LEAST, CPU_TOLERANCE * cores), trial.service_cores)
        )
    misses = [figure.sentence for figure in figures if not figure.holds]
    if unseen:
        misses.append("cores in use: predicted, but not observed in that trial")
    if trial.outcome != "proven":
        misses.insert(0, f"the trial was to hold, and is {trial.outcome}: {trial.reason}")
    return Prediction(rate, tuple(figures), tuple(misses))
