"""The fields of a sample: what the file's columns are, and that each field's forms agree."""

from __future__ import annotations

from typing import get_args, get_type_hints

import numpy as np
import pyarrow as pa
import pytest

from reports.data.labels import Labels
from reports.data.row import StoredField, list_stored_fields
from reports.data.samples import SCHEMA, Samples

FIELDS = tuple(list_stored_fields(Samples))


def test_the_files_columns_are_a_contract() -> None:
    """Runs that were recorded with an older version are read by these names and types."""
    text = "dictionary<values=string, indices=int16, ordered=0>"
    assert [(field.name, str(field.type), field.nullable) for field in SCHEMA] == [
        ("intended_s", "double", False),
        ("sent_s", "double", True),
        ("latency_ms", "double", True),
        ("service_ms", "double", True),
        ("endpoint", text, False),
        ("stage", text, False),
        ("outcome", text, False),
        ("status", "uint16", False),
        ("kind", text, False),
        ("rows", "uint32", False),
        ("request_bytes", "uint32", False),
        ("response_bytes", "uint32", False),
        ("queue_ms", "float", True),
        ("inference_ms", "float", True),
        ("batch_size", "float", True),
        ("trace_id", "string", True),
        ("worker", "uint16", False),
    ]


@pytest.mark.parametrize("stored", FIELDS, ids=lambda stored: stored.name)
def test_an_array_has_the_type_of_its_column(stored: StoredField) -> None:
    """What the type checker is told of a field of `Samples` is what is read from the file."""
    told = get_type_hints(Samples)[stored.name]
    if pa.types.is_dictionary(stored.column):
        assert told is Labels
    else:
        inner = get_args(told)[-1]
        dtype = next(iter(get_args(inner)), inner)  # newer versions of numpy alias the whole type
        read = np.object_ if pa.types.is_string(stored.column) else stored.column.to_pandas_dtype()
        assert dtype is read


@pytest.mark.parametrize(
    "stored", [field for field in FIELDS if field.packed is not None], ids=lambda f: f.name
)
def test_a_column_holds_all_that_a_packed_field_can(stored: StoredField) -> None:
    if pa.types.is_dictionary(stored.column):
        assert stored.packed.kind == "u"
    elif pa.types.is_string(stored.column):
        assert stored.packed.itemsize == 16, "of a trace's id"
    else:
        assert np.can_cast(stored.packed, stored.column.to_pandas_dtype(), "safe")


def test_only_numbers_and_texts_that_may_be_absent_are_nullable() -> None:
    """NaN is written as null; an integer has no NaN."""
    for stored in FIELDS:
        if stored.nullable:
            assert pa.types.is_floating(stored.column) or pa.types.is_string(stored.column)
