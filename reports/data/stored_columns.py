"""Whether the columns of a file are those of its schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

KINDS: Final[Mapping[str, Callable[[pa.DataType], bool]]] = {
    "texts": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    "whole numbers": pa.types.is_integer,
    "numbers": pa.types.is_floating,
}
"""What a column holds, in words; its width may differ."""


def check_columns(found: pa.Schema, wanted: pa.Schema) -> None:
    """Raise ValueError, with the name of the column, unless each one `wanted` is there with its kind."""
    for field in wanted:
        if field.name not in found.names:
            raise ValueError(f"there is no column {field.name}")
        kind, right = (_find_value_type(each) for each in (found.field(field.name).type, field.type))
        words = next(words for words, holds in KINDS.items() if holds(right))
        if not KINDS[words](kind):
            raise ValueError(f"the column {field.name} holds {kind}, expected {words}")


def check_nulls(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """The column; ValueError if it lacks values that it needs."""
    if not field.nullable and column.null_count:
        raise ValueError(f"the column {field.name} lacks {column.null_count} of its values")
    return column


def _find_value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
