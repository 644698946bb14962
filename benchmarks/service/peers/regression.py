"""The insurance-charges regression with numpy alone, for environments that lack this project's packages."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

COEFFICIENTS = "BENCH_COEFFICIENTS"
"""The environment variable that names the JSON file with the weights and the intercept."""
OBESE_BMI = 30.0
REGIONS = {"northeast": 0.0, "northwest": 1.0, "southeast": 2.0, "southwest": 3.0}


def row(record: Mapping[str, Any]) -> tuple[float, ...]:
    """A policyholder as numbers: age, male, region code, children, bmi, smoker."""
    region = REGIONS[record["region"]]
    return record["age"], record["sex"] == "male", region, record["children"], record["bmi"], record["smoker"]


class Regression:
    """Predicts charges from rows of numbers."""

    def __init__(self, weights: Sequence[float], intercept: float) -> None:
        self._weights = np.asarray(weights, dtype=np.float64)
        self._intercept = intercept

    @classmethod
    def load(cls) -> Regression:
        """The regression in the file that the environment names."""
        held = json.loads(Path(os.environ[COEFFICIENTS]).read_text(encoding="utf-8"))
        return cls(held["weights"], held["intercept"])

    def charges(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """US dollars in cents, never negative: (n, 6) -> (n,)."""
        age, male, region, children, bmi, smoker = rows.T
        table = np.empty((len(rows), len(self._weights)))
        table[:, 0] = age * age
        table[:, 1] = male
        for code in range(3):
            table[:, 2 + code] = region == code
        table[:, 5] = children * (1.0 - smoker)
        table[:, 6] = smoker
        table[:, 7] = bmi * smoker
        table[:, 8] = smoker * (bmi >= OBESE_BMI)
        return np.maximum(table @ self._weights + self._intercept, 0.0).round(2)
