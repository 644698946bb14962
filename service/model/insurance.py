"""The insurance-charges model as an `ml_base.MLModel`: what rest_model_service hosts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ml_base import MLModel
from numpy.typing import NDArray

from service.model import model_file
from service.model.features import features, rows_of_inputs
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput


class InsuranceChargesModel(MLModel):  # type: ignore[misc]
    """Predicts the yearly medical charges of policyholders, one or many at a time.

    The regression is read from `model_path` when the model is created (`ModelFileError` if that fails) and
    evaluated with numpy alone: a prediction makes no table and calls no scikit-learn.
    """

    display_name = "Insurance Charges Model"
    qualified_name = "insurance_charges_model"
    description = "Predicts the medical charges billed to the health insurance of a policyholder in a year."
    version = "1.0.0"
    input_schema = InsuranceChargesModelInput
    output_schema = InsuranceChargesModelOutput

    def __init__(self, model_path: str | Path = model_file.MODEL_PATH) -> None:
        regression = model_file.load(Path(model_path))
        self._weights = np.asarray(regression.coef_, dtype=np.float64)
        self._intercept = float(regression.intercept_)

    def predict(self, data: InsuranceChargesModelInput) -> InsuranceChargesModelOutput:
        """The charges of one policyholder."""
        return self.predict_batch((data,))[0]

    def predict_batch(self, data: Sequence[InsuranceChargesModelInput]) -> list[InsuranceChargesModelOutput]:
        """The charges of many policyholders, in their order; faster by far than one after the other."""
        charges = self.charges(rows_of_inputs(data))
        return [InsuranceChargesModelOutput(charges=each) for each in charges.tolist()]

    def charges(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """US dollars in cents, never negative, of rows as `features` takes them: (n, 6) -> (n,)."""
        predicted = features(rows) @ self._weights + self._intercept
        return np.maximum(predicted, 0.0).round(2)
