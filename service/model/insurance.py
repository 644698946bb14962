"""The insurance-charges model as an `ml_base.MLModel`, which rest_model_service hosts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ml_base import MLModel
from numpy.typing import NDArray

from service.model import model_file
from service.model.features import compute_features, encode_inputs
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput


class InsuranceChargesModel(MLModel):  # type: ignore[misc]
    """Predicts the yearly medical charges of policyholders, one or many at a time.

    The constructor reads the regression from `model_path` (raises `ModelFileError`). A prediction uses numpy
    alone: it creates no table and does not call scikit-learn.
    """

    display_name = "Insurance Charges Model"
    qualified_name = "insurance_charges_model"
    description = "Predicts the medical charges billed to the health insurance of a policyholder in a year."
    version = "1.0.0"
    input_schema = InsuranceChargesModelInput
    output_schema = InsuranceChargesModelOutput

    def __init__(self, model_path: str | Path = model_file.MODEL_PATH) -> None:
        regression = model_file.read_model_file(Path(model_path))
        self._weights = np.asarray(regression.coef_, dtype=np.float64)
        self._intercept = float(regression.intercept_)

    def predict(self, data: InsuranceChargesModelInput) -> InsuranceChargesModelOutput:
        """Predict the charges of one policyholder."""
        return self.predict_batch((data,))[0]

    def predict_batch(self, data: Sequence[InsuranceChargesModelInput]) -> list[InsuranceChargesModelOutput]:
        """Predict the charges of many policyholders, in their order; much faster than one call for each."""
        charges = self.compute_charges(encode_inputs(data))
        return [InsuranceChargesModelOutput(charges=each) for each in charges.tolist()]

    def compute_charges(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute US dollars, rounded to cents and never negative, for encoded rows: (n, 6) -> (n,)."""
        predicted = compute_features(rows) @ self._weights + self._intercept
        return np.maximum(predicted, 0.0).round(2)
