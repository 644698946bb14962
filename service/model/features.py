"""From a policyholder to the numbers the regression sees; training and prediction share it."""

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


def rows_of_inputs(inputs: Sequence[InsuranceChargesModelInput]) -> NDArray[np.float64]:
    """Validated inputs as an array of shape (n, 6): age, male, region code, children, bmi, smoker."""
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


def rows_of_table(people: pd.DataFrame) -> NDArray[np.float64]:
    """Training data as the same array; `smoker` is spelled yes or no there."""
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


def features(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of shape (n, 6) as features of shape (n, 9), named by `FEATURES`.

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
