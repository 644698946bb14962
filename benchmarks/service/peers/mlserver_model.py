"""The regression on MLServer, by the V2 inference protocol: a request holds a row of numbers."""

from __future__ import annotations

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from regression import Regression


class InsuranceCharges(MLModel):
    """Batched by MLServer as its settings say."""

    async def load(self) -> bool:
        """Load the regression."""
        self.regression = Regression.load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The charges of all rows in a (merged) request."""
        rows = NumpyCodec.decode_input(payload.inputs[0])
        charges = self.regression.charges(rows).reshape(-1, 1)
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output(name="charges", payload=charges)]
        )
