"""Encodes what a model gives, if it is a prediction."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pydantic import BaseModel, TypeAdapter, ValidationError

from service.batching.inference import PredictionError

_NULL = b"null"
"""JSON has no other word for a number that is not finite."""

logger = logging.getLogger(__name__)


class OutputCodec:
    """Encodes outputs of one schema as JSON.

    A model may give None, a value of another type, or a number that is not finite, which JSON can't express.
    None of them is answered as if it were a prediction. A number that is not finite is encoded as null, so
    that only outputs with a null are validated again.
    """

    def __init__(self, schema: type[BaseModel]) -> None:
        self._schema = schema
        self._encode = TypeAdapter(schema).serializer.to_json
        self._validate = TypeAdapter(schema).validator.validate_json
        self._encode_all = TypeAdapter(list[schema]).serializer.to_json  # type: ignore[valid-type]
        self._validate_all = TypeAdapter(list[schema]).validator.validate_json  # type: ignore[valid-type]

    def encode(self, output: object) -> bytes:
        """Encode one output. Raises `PredictionError` if it is none."""
        if not isinstance(output, self._schema):
            raise _report(output)
        content = self._encode(output)
        if _NULL in content:
            try:
                self._validate(content)
            except ValidationError:
                raise _report(output) from None
        return content

    def encode_all(self, outputs: Sequence[object]) -> bytes:
        """Encode outputs as a JSON list without its brackets. Raises `PredictionError` if one is none."""
        for output in outputs:
            if not isinstance(output, self._schema):
                raise _report(output)
        content = self._encode_all(list(outputs))
        if _NULL in content:
            try:
                self._validate_all(content)
            except ValidationError as error:
                raise _report(outputs[int(error.errors()[0]["loc"][0])]) from None
        return content[1:-1]


def _report(output: object) -> PredictionError:
    """Log an output that is no prediction; the error to raise."""
    error = PredictionError()
    logger.error("the model gave %.200r, which is no prediction, error id %s", output, error.error_id)
    return error
