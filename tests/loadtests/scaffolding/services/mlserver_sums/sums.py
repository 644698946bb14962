"""A model on MLServer: the sum of each row."""

from __future__ import annotations

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Sums(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        sums = NumpyCodec.encode_output("sum", rows.sum(axis=1, keepdims=True))
        return InferenceResponse(model_name=self.name, outputs=[sums])
