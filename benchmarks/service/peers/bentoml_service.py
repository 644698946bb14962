"""The regression on BentoML, with its adaptive batching: `bentoml serve bentoml_service:Insurance`."""

from __future__ import annotations

import bentoml
import numpy as np
from pydantic import BaseModel
from regression import Regression, row


class Record(BaseModel):
    """One policyholder."""

    age: int
    sex: str
    bmi: float
    children: int
    smoker: bool
    region: str


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Insurance:
    """A request is a list of one record; BentoML joins what waits at the same time."""

    def __init__(self) -> None:
        self.regression = Regression.load()

    @bentoml.api(batchable=True, max_batch_size=32)
    async def predict(self, records: list[Record]) -> list[float]:
        """The charges of a batch."""
        rows = np.array([row(record.__dict__) for record in records], dtype=np.float64)
        return self.regression.charges(rows).tolist()
