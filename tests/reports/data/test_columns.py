"""Columns made of numpy's arrays are those that Arrow itself would make, and come back as they were."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from reports.data.columns import decode_numbers, decode_texts, encode_numbers, encode_texts


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.uint32(), pa.uint16(), pa.int16()])
@pytest.mark.parametrize("count", [0, 1, 8, 9, 1000])
def test_numbers_are_as_arrow_would_have_them(kind: pa.DataType, count: int) -> None:
    """Also those that lie apart in memory, as a field of packed rows does."""
    values = np.arange(3 * count)[::3]
    column = encode_numbers(values, kind)
    column.validate(full=True)
    assert column == pa.array(values.tolist(), type=kind)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 1000])
def test_what_is_not_present_is_null(count: int) -> None:
    present = np.arange(count) % 3 == 0
    for column, values in (
        (encode_numbers(np.arange(count), pa.float64(), present), [float(each) for each in range(count)]),
        (encode_texts([str(each) for each in range(count)], present), [str(each) for each in range(count)]),
    ):
        column.validate(full=True)
        assert column.null_count == count - present.sum()
        assert column.to_pylist() == [
            each if there else None for each, there in zip(values, present, strict=True)
        ]


@pytest.mark.parametrize("values", [[], [""], ["a", "", "größer", "日本"]])
def test_texts_are_as_arrow_would_have_them(values: list[str]) -> None:
    column = encode_texts(values)
    column.validate(full=True)
    assert column == pa.array(values, type=pa.string())


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.uint32(), pa.int16()])
def test_a_column_comes_back_whole_whatever_its_chunks(kind: pa.DataType) -> None:
    values = np.arange(10).astype(kind.to_pandas_dtype())
    whole = pa.array(values)
    for chunks in ([], [whole], [whole[3:]], [whole[:4], whole[4:4], whole[4:]]):
        column = pa.chunked_array(chunks, kind)
        found = decode_numbers(column)
        assert found.dtype == values.dtype
        np.testing.assert_array_equal(found, column.to_numpy())


def test_null_is_nan_among_numbers_and_none_among_texts() -> None:
    read = pa.chunked_array([[1.5, None], [], [None, 2.5]], pa.float64())
    np.testing.assert_array_equal(decode_numbers(read[1:]), [np.nan, np.nan, 2.5])
    names = pa.chunked_array([["a", None], [], [None, "b"]], pa.string())
    assert decode_texts(names[1:]).tolist() == [None, None, "b"]
