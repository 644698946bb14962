"""A column of repeated texts, stored as codes and names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reports.data.columns import Mask, decode_numbers


@dataclass(frozen=True)
class Labels:
    """A dictionary-encoded column: the value of row i is `names[codes[i]]`."""

    codes: NDArray[np.int16]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Labels:
        return Labels(self.codes[rows], self.names)

    def equal(self, name: str) -> Mask:
        """Which rows hold `name`; none if it never occurred."""
        return self.isin((name,))

    def isin(self, names: Iterable[str]) -> Mask:
        """Which rows hold one of `names`."""
        wanted = [self.names.index(name) for name in names if name in self.names]
        return np.isin(self.codes, wanted) if wanted else np.zeros(len(self.codes), dtype=np.bool_)

    def decode(self) -> NDArray[np.str_]:
        """The value of each row."""
        return np.array(self.names or ("",), dtype=np.str_)[self.codes]


def decode_labels(column: pa.ChunkedArray) -> Labels:
    """Labels of a column of strings, dictionary-encoded or not; chunks may have different dictionaries."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    chunks = encoded.unify_dictionaries().chunks
    names = tuple(chunks[0].dictionary.to_pylist()) if chunks else ()
    codes = decode_numbers(pa.chunked_array([chunk.indices for chunk in chunks], encoded.type.index_type))
    return Labels(codes.astype(np.int16, copy=False), names)
