"""Describes how each field of a sample is stored: as a column of the run's file, and in a packed row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike

REPEATED_TEXT: Final = pa.dictionary(pa.int16(), pa.string())
"""The Arrow type of a column of repeated texts."""

_KEY: Final = "stored"


@dataclass(frozen=True)
class StoredField:
    """One field of a sample: its name, its Arrow type, and the numpy type that it has in a packed row.

    `packed` is None for a field that is not packed but added when packed rows are decoded.
    """

    name: str
    column: pa.DataType
    nullable: bool
    packed: np.dtype[Any] | None


def store_as(column: pa.DataType, packed: DTypeLike | None, *, nullable: bool = False) -> Mapping[str, Any]:
    """Metadata that describes a dataclass field to `list_stored_fields`."""
    dtype = None if packed is None else np.dtype(packed)
    return {_KEY: {"column": column, "packed": dtype, "nullable": nullable}}


def list_stored_fields(table: type[Any]) -> Iterator[StoredField]:
    """The fields of a dataclass, all with such metadata, in the order of the file's columns."""
    for field in fields(table):
        yield StoredField(field.name, **field.metadata[_KEY])


def build_schema(table: type[Any]) -> pa.Schema:
    """The Arrow schema of the file's columns."""
    return pa.schema(
        [pa.field(field.name, field.column, nullable=field.nullable) for field in list_stored_fields(table)]
    )
