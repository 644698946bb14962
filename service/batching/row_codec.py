"""Parses and validates the rows of a batch's slice, and encodes its results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, FailFast, GetPydanticSchema, TypeAdapter
from pydantic_core import core_schema, from_json
from rest_model_service.schemas import Error

from service.batching.output_codec import OutputCodec

ROW_INVALID = "row_invalid"
"""Type of the fault that `parse_rows` reports for an invalid row."""


class RowCodec:
    """Parses rows of the input schema and encodes results of the output schema."""

    def __init__(self, input_schema: type[BaseModel], output_schema: type[BaseModel]) -> None:
        # pydantic copies the input of each fault: a slice stops at its first one, whose details are left out.
        terse = GetPydanticSchema(
            lambda source, handler: core_schema.custom_error_schema(
                handler(source), ROW_INVALID, custom_error_message="Row is not valid"
            )
        )
        rows: Any = Annotated[list[Annotated[input_schema, terse]], FailFast()]  # type: ignore[valid-type]
        self._slice: TypeAdapter[list[BaseModel]] = TypeAdapter(rows)
        self._rows = TypeAdapter(list[input_schema])  # type: ignore[valid-type]
        self._outputs = OutputCodec(output_schema)
        self._results = TypeAdapter(list[output_schema | Error])  # type: ignore[valid-type]

    def parse_rows(self, text: bytes) -> list[BaseModel]:
        """Parse all rows. Raises `ValidationError` with one fault, without details of an invalid row."""
        return self._slice.validate_json(text)

    def parse_values(self, text: bytes) -> list[Any]:
        """Parse a JSON list without validating its rows."""
        values: list[Any] = from_json(text)
        return values

    def validate_row(self, value: object) -> BaseModel:
        """Validate one row of parsed JSON. Raises `ValidationError`, with its faults in row 0 of a list."""
        return self._rows.validate_python([value])[0]

    def encode_outputs(self, outputs: Sequence[BaseModel]) -> bytes:
        """Encode the outputs as a JSON list without its brackets; PredictionError if one is none."""
        return self._outputs.encode_all(outputs)

    def encode_results(self, results: Sequence[BaseModel]) -> bytes:
        """Encode outputs and errors like `encode_outputs`."""
        self._outputs.encode_all([each for each in results if not isinstance(each, Error)])
        return self._results.dump_json(list(results))[1:-1]
