"""A packed row: all of its forms follow from the fields of `Samples`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.recording import row as row_module
from loadtests.recording.row import (
    ROW_BYTES,
    ROW_DTYPE,
    SampleRow,
    build_row_format,
    build_row_type,
    pack_row_into,
)
from reports.data.row import list_stored_fields, store_as
from reports.data.samples import Samples

PACKED = {stored.name: stored.packed for stored in list_stored_fields(Samples) if stored.packed is not None}


def values_of(dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    """All values that a packed field can hold."""
    if dtype.subdtype is not None:
        return st.binary(min_size=dtype.itemsize, max_size=dtype.itemsize)
    if dtype.kind == "f":
        return st.floats(width=8 * dtype.itemsize)
    return st.integers(0, 2 ** (8 * dtype.itemsize) - 1)


@given(st.tuples(*(values_of(PACKED[name]) for name in SampleRow._fields)))
def test_what_is_packed_is_decoded_alike(values: tuple[Any, ...]) -> None:
    """Every field comes back under its own name, in its own width."""
    buffer = bytearray(ROW_BYTES)
    pack_row_into(buffer, 0, *SampleRow(*values))
    decoded = np.frombuffer(buffer, ROW_DTYPE)[0]
    for name, value in zip(SampleRow._fields, values, strict=True):
        found = decoded[name].tobytes() if isinstance(value, bytes) else decoded[name].item()
        assert found == value or (found != found and value != value), name


def test_a_row_holds_each_packed_field_once() -> None:
    assert set(SampleRow._fields) == set(PACKED)
    assert sum(dtype.itemsize for dtype in PACKED.values()) == ROW_BYTES


def test_a_rows_python_types_are_those_of_its_packed_fields() -> None:
    kinds = {"f": float, "u": int, "V": bytes}
    told = get_type_hints(SampleRow)
    assert told == {name: kinds[PACKED[name].kind] for name in SampleRow._fields}


@dataclass
class Changed:
    """A table whose `status` has another type, and that has a field more."""

    status: Any = field(metadata=store_as(pa.uint32(), "<u4"))
    attempts: Any = field(metadata=store_as(pa.uint8(), "u1"))


def test_the_forms_follow_a_changed_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_module, "Samples", Changed)
    changed = build_row_type(("attempts", "status"))
    assert changed == np.dtype([("attempts", "u1"), ("status", "<u4")])
    assert build_row_format(changed) == "<BI"


@pytest.mark.parametrize(
    "order", [("status",), ("status", "attempts", "late"), ("status", "attempts", "status")]
)
def test_a_row_that_leaves_a_field_out_or_invents_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    monkeypatch.setattr(row_module, "Samples", Changed)
    with pytest.raises(TypeError, match="a packed row holds attempts, status, not "):
        build_row_type(order)
