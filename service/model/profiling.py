"""Times the model in process, before any load test: `python -m service.profiling [--model MODEL]`."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
from faker import Faker

from service.model import model_file
from service.model.insurance import InsuranceChargesModel
from service.model.schemas import InsuranceChargesModelInput, Region, Sex

OBJECTIVE_MS = 100.0
"""Limit for the p99 of one prediction in process; a model that misses it needs no load test."""

_RECORDS = 1_000
_BATCHES = 20


@dataclass(frozen=True)
class PredictionTimes:
    """Durations of predictions in process: one row at a time, and `records` rows at once (median)."""

    records: int
    mean_ms: float
    p50_ms: float
    p99_ms: float
    batch_ms: float

    @property
    def meets_objective(self) -> bool:
        """Whether the p99 is within `OBJECTIVE_MS`."""
        return self.p99_ms <= OBJECTIVE_MS

    def __str__(self) -> str:
        return (
            f"one row      mean {self.mean_ms:.3f} ms   p50 {self.p50_ms:.3f} ms   p99 {self.p99_ms:.3f} ms"
            f"   ({self.records:,} records)\n"
            f"{self.records:,} rows   {self.batch_ms:.2f} ms at once (median)"
        )


def generate_inputs(count: int = _RECORDS, seed: int = 1) -> list[InsuranceChargesModelInput]:
    """Generate seeded random inputs over the whole range of the input schema."""
    fake = Faker()
    fake.seed_instance(seed)
    return [
        InsuranceChargesModelInput.model_validate(
            {
                "age": fake.random_int(18, 65),
                "sex": fake.random_element(get_args(Sex)),
                "bmi": fake.pyfloat(min_value=15, max_value=50, right_digits=1),
                "children": fake.random_int(0, 5),
                "smoker": fake.pybool(),
                "region": fake.random_element(get_args(Region)),
            }
        )
        for _ in range(count)
    ]


def time_predictions(
    model: InsuranceChargesModel,
    inputs: Sequence[InsuranceChargesModelInput],
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> PredictionTimes:
    """Time each input on its own and all of them at once; percentiles are nearest-rank."""
    model.predict(inputs[0])
    single_ms = np.array([_time_batch_ms(model, (each,), clock_ns) for each in inputs])
    batch_ms = np.array([_time_batch_ms(model, inputs, clock_ns) for _ in range(_BATCHES)])
    ordered_ms = sorted(single_ms.tolist())
    return PredictionTimes(
        records=len(inputs),
        mean_ms=float(single_ms.mean()),
        p50_ms=_find_nearest_rank(ordered_ms, 50),
        p99_ms=_find_nearest_rank(ordered_ms, 99),
        batch_ms=float(np.median(batch_ms)),
    )


def _find_nearest_rank(ascending: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` % of the values do not exceed; its rank is exact."""
    rank = math.ceil(Fraction(percent * len(ascending), 100))
    return ascending[rank - 1]


def _time_batch_ms(
    model: InsuranceChargesModel, inputs: Sequence[InsuranceChargesModelInput], clock_ns: Callable[[], int]
) -> float:
    start_ns = clock_ns()
    model.predict_batch(inputs)
    return (clock_ns() - start_ns) / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the durations. Returns 0, 1 if the objective is missed, 2 if there is no usable model file."""
    parser = argparse.ArgumentParser(prog="python -m service.profiling", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=model_file.MODEL_PATH, help="the model file (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        model = InsuranceChargesModel(options.model)
    except model_file.ModelFileError as error:
        print(error, file=sys.stderr)
        return 2
    result = time_predictions(model, generate_inputs())
    print(result)
    verdict = "met" if result.meets_objective else "missed"
    print(f"objective    p99 latency <= {OBJECTIVE_MS:g} ms: {verdict} ({result.p99_ms:.3f} ms)")
    return 0 if result.meets_objective else 1
