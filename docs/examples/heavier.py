"""The insurance model with calls of 10 ms, like those of a larger model, to try overload."""

from __future__ import annotations

import time
from collections.abc import Sequence

from service.model.insurance import InsuranceChargesModel
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput

CALL_S = 0.010


class HeavierModel(InsuranceChargesModel):
    """Predicts like the insurance model, after one pause per batch."""

    def predict_batch(self, data: Sequence[InsuranceChargesModelInput]) -> list[InsuranceChargesModelOutput]:
        """Return one prediction per record, in the same order."""
        time.sleep(CALL_S)
        return super().predict_batch(data)
