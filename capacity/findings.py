"""What a search for the capacity found, and its form in capacity.json."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from capacity.deciding import ONLY_KEPT
from capacity.processor import ProcessorCost, fit_cost
from capacity.scalability import ScalabilityFit
from capacity.search import CapacityBracket
from capacity.trials import TrialFigures
from reports.data.json_values import read_record
from reports.data.quantities import format_number

FORMAT: Final = 1
FILE: Final = "capacity.json"


class CapacityFileError(Exception):
    """A file can't be read as capacity.json; the message names it and says why."""


@dataclass(frozen=True)
class ConcurrencyStep:
    """So many users who never pause, the successful replies a second they got, and the median latency."""

    users: int
    throughput_per_s: float
    p50_ms: float | None


@dataclass(frozen=True)
class DownwardStep:
    """A rate after an overload, and what it came to on the way down: `held` is None if that is undecided."""

    rate_per_s: float
    held: bool | None
    p99_ms: float | None


@dataclass(frozen=True)
class CapacityFindings:
    """The bracket, and everything it rests on.

    `objectives` are the sentences that a rate has to meet, `precision` the width that was asked for.
    `held_out` is a trial that the search made no use of, `downward` what came after an overload, from the
    highest rate on; they are None and empty where no rate was proven, or none was broken.
    """

    scenario: str
    host: str
    started_at: str
    objectives: tuple[str, ...]
    precision: float
    capacity: CapacityBracket
    trials: tuple[TrialFigures, ...]
    held_out: TrialFigures | None
    downward: tuple[DownwardStep, ...]
    concurrency: tuple[ConcurrencyStep, ...]
    scalability: ScalabilityFit | None
    machine: Mapping[str, str]

    @property
    def is_valid(self) -> bool:
        """Whether the capacity has both bounds."""
        return self.capacity.at_least is not None and self.capacity.less_than is not None

    @property
    def sentence(self) -> str:
        """The capacity in words."""
        low, high = self.capacity.at_least, self.capacity.less_than
        sure = f"{format_number(self.capacity.confidence * 100)} % sure"
        if low is not None and high is not None:
            rates = f"{format_number(low)} and less than {format_number(high)}"
            return f"The capacity is at least {rates} requests/s ({sure})."
        known = ""
        if low is not None:
            known = f" At least {format_number(low)} requests/s meet the objectives ({sure})."
        if high is not None:
            known = f" {format_number(high)} requests/s break the objectives ({sure})."
        return f"Invalid: no capacity was found, because {self.capacity.ended}.{known}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else has to be known of the answer, in sentences."""
        told = []
        if self.is_valid and self.capacity.width > self.precision * (1 + 1e-9):
            told.append(
                f"The bracket is {format_number(100 * self.capacity.width, 2)} % wide, "
                f"{format_number(100 * self.precision)} % were asked for: {self.capacity.ended}. "
                "Longer trials narrow it (--trial)."
            )
        limits = [trial for trial in self.trials if trial.planned_per_s == self.capacity.at_least]
        told += [
            f"At {format_number(trial.planned_per_s)} requests/s {trial.reason}."
            for trial in limits
            if trial.outcome == "proven" and ONLY_KEPT in trial.reason
        ]
        return (*told, *self._describe_recovery())

    def _describe_recovery(self) -> tuple[str, ...]:
        if not self.downward:
            return ()
        failed = [step for step in self.downward if step.held is False]
        undecided = [format_number(step.rate_per_s) for step in self.downward if step.held is None]
        if not failed and undecided:
            rates = ", ".join(undecided)
            return (f"Whether the service carried {rates} requests/s after an overload is undecided.",)
        if not failed:
            return ("After an overload the service carried its capacity again.",)
        later = self.downward[self.downward.index(failed[-1]) + 1 :]
        better = [step for step in later if step.held]
        if better:
            until = f"it recovered at {format_number(better[0].rate_per_s)} requests/s"
        elif later:
            until = "whether it recovered at lower rates is undecided"
        else:
            until = f"it did not recover down to {format_number(failed[-1].rate_per_s)} requests/s"
        return (
            f"After an overload the service did not carry {format_number(failed[0].rate_per_s)} requests/s, "
            f"which it carried before; {until} (hysteresis).",
        )

    @property
    def cost(self) -> ProcessorCost | None:
        """The processor time of requests, by the trials of the search; None if it wasn't observed."""
        return fit_cost(self.trials)

    def to_json(self) -> dict[str, Any]:
        """A plain mapping for capacity.json, with what follows from the rest beside it."""
        cost, fit = self.cost, self.scalability
        return {
            "format": FORMAT,
            "valid": self.is_valid,
            "sentence": self.sentence,
            "remarks": list(self.remarks),
            **asdict(self),
            "machine": dict(self.machine),
            "scalability": None if fit is None else {**asdict(fit), "peak_concurrency": fit.peak_concurrency},
            "cpu_s_per_request": None if cost is None else cost.s_per_request,
            "idle_cores": None if cost is None else cost.idle_cores,
        }


def read_findings(file: Path) -> CapacityFindings:
    """The findings in a capacity.json; CapacityFileError if it can't be read or is none."""
    try:
        text = file.read_text(encoding="utf-8")
        values = json.loads(text, parse_float=_read_finite, parse_constant=_read_finite)
        if isinstance(values, dict) and values.get("format", FORMAT) != FORMAT:
            raise CapacityFileError(
                f"{file} has the format {values['format']}, this version reads {FORMAT}: search again"
            )
        found: CapacityFindings = read_record(CapacityFindings, values)
    except RecursionError:
        raise CapacityFileError(
            f"{file} is no file that model-loadtest capacity has written: it is nested too deeply"
        ) from None
    except OSError as error:
        raise CapacityFileError(f"{file} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise CapacityFileError(
            f"{file} is no file that model-loadtest capacity has written: {error}"
        ) from None
    return found


def _read_finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it holds {text[:20]}, expected finite numbers")
    return value
