"""The insurance model as if each call of it took 10 ms, as a larger model's would: something to overload."""

from __future__ import annotations

import time
from collections.abc import Sequence

from service.model.insurance import InsuranceChargesModel
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput

CALL_S = 0.010


class HeavierModel(InsuranceChargesModel):
    """Answers as the insurance model does, after a pause for the whole batch."""

    def predict_batch(self, data: Sequence[InsuranceChargesModelInput]) -> list[InsuranceChargesModelOutput]:
        """One prediction a record, in their order."""
        time.sleep(CALL_S)
        return super().predict_batch(data)
