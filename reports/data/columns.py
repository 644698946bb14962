"""Converts numpy arrays to Arrow columns and back, without importing pandas.

`pyarrow.array` and `to_numpy` import pandas to check for its types, which costs a quarter of a second and
35 MB in each process that records or judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def encode_numbers(
    values: NDArray[Any], kind: pa.DataType, present: NDArray[np.bool_] | None = None
) -> pa.Array:
    """A column of numbers of type `kind`; null where not `present`."""
    exact = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(exact), [_encode_validity(present), pa.py_buffer(exact)])


def encode_texts(values: Sequence[str], present: NDArray[np.bool_] | None = None) -> pa.Array:
    """A column of strings; null where not `present`."""
    encoded = [value.encode() for value in values]
    ends = np.fromiter(accumulate(map(len, encoded), initial=0), np.int32, len(encoded) + 1)
    buffers = [_encode_validity(present), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def decode_numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """An array of a column of numbers; NaN where null."""
    if column.null_count:
        column = column.fill_null(encode_numbers(np.array([np.nan]), column.type)[0])
    chunks = [np.from_dlpack(chunk) for chunk in column.chunks]
    if len(chunks) == 1:
        return chunks[0]
    return np.concatenate([np.empty(0, column.type.to_pandas_dtype()), *chunks])


def decode_texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """An array of a column of strings, most of them null; None where null."""
    there = pc.indices_nonzero(column.is_valid())
    texts = np.full(len(column), None, dtype=np.object_)
    texts[np.from_dlpack(there)] = column.drop_null().to_pylist()
    return texts


def _encode_validity(present: NDArray[np.bool_] | None) -> pa.Buffer | None:
    """One bit per row, the least significant first (Arrow Columnar Format, "Validity bitmaps")."""
    return None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
