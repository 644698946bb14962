"""Turns policyholders into the regression's features, for training and prediction alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.model.dataset import OBESE_BMI
from service.model.schemas import InsuranceChargesModelInput

FEATURES = (
    "age²",
    "male",
    "northeast",
    "northwest",
    "southeast",
    "children of a non-smoker",
    "smoker",
    "BMI of a smoker",
    "smoker from BMI 30 on",
)

_REGION_CODES = {"northeast": 0.0, "northwest": 1.0, "southeast": 2.0, "southwest": 3.0}


def encode_inputs(inputs: Sequence[InsuranceChargesModelInput]) -> NDArray[np.float64]:
    """Encode validated inputs, shape (n, 6): age, male, region code, children, bmi, smoker."""
    return np.array(
        [
            (
                each.age,
                each.sex == "male",
                _REGION_CODES[each.region],
                each.children,
                each.bmi,
                each.smoker,
            )
            for each in inputs
        ],
        dtype=np.float64,
    ).reshape(-1, 6)


def encode_table(people: pd.DataFrame) -> NDArray[np.float64]:
    """Encode training data as the same array; its `smoker` column holds yes or no."""
    return np.column_stack(
        [
            people["age"],
            people["sex"] == "male",
            people["region"].map(_REGION_CODES),
            people["children"],
            people["bmi"],
            people["smoker"] == "yes",
        ]
    ).astype(np.float64)


def compute_features(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the features named by `FEATURES`: (n, 6) -> (n, 9).

    Charges grow with the square of age. The body mass index matters for smokers, with a step at 30; children
    matter for non-smokers.
    """
    age, male, region, children, bmi, smoker = rows.T
    table = np.empty((len(rows), len(FEATURES)))
    table[:, 0] = age * age
    table[:, 1] = male
    for code in range(3):
        table[:, 2 + code] = region == code
    table[:, 5] = children * (1.0 - smoker)
    table[:, 6] = smoker
    table[:, 7] = bmi * smoker
    table[:, 8] = smoker * (bmi >= OBESE_BMI)
    return table
