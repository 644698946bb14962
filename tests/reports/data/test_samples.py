"""Samples: columns of requests, in order, however they were recorded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.data.labels import Labels
from reports.data.samples import Samples

MakeTable = Callable[..., pa.Table]


def test_rows_stand_in_order_of_their_intended_start(make_table: MakeTable) -> None:
    samples = Samples.from_table(make_table(3, intended_s=[2.0, 0.5, 1.0], latency_ms=[20.0, 5.0, 10.0]))
    assert samples.intended_s.tolist() == [0.5, 1.0, 2.0]
    assert samples.latency_ms.tolist() == [5.0, 10.0, 20.0]


def test_a_null_becomes_nan_and_an_absent_trace_none(make_table: MakeTable) -> None:
    samples = Samples.from_table(make_table(2, sent_s=[0.0, None], queue_ms=[None, 1.5]))
    assert np.isnan(samples.sent_s).tolist() == [False, True]
    assert np.isnan(samples.queue_ms).tolist() == [True, False]
    assert samples.trace_id.tolist() == [None, None]


def test_trace_ids_are_kept_beside_their_requests(make_table: MakeTable) -> None:
    table = make_table(3, intended_s=[1.0, 0.0, 2.0], trace_id=["b", "a", None])
    assert Samples.from_table(table).trace_id.tolist() == ["a", "b", None]


def test_batches_with_differing_dictionaries_are_read_as_one(make_table: MakeTable) -> None:
    first = make_table(2, endpoint="single")
    second = make_table(2, endpoint=["batch", "single"], intended_s=[5.0, 6.0])
    samples = Samples.from_table(pa.concat_tables([first, second]))
    assert samples.endpoint.decode().tolist() == ["single", "single", "batch", "single"]
    assert samples.endpoint.equal("single").tolist() == [True, True, False, True]
    assert not samples.endpoint.equal("never seen").any()


def test_no_rows_are_samples_too(make_table: MakeTable) -> None:
    samples = Samples.from_table(make_table(0))
    assert len(samples) == 0
    assert len(samples.select(samples.ok)) == 0


def test_a_timeout_is_answered_at_its_elapsed_time_and_failed_as_well(make_table: MakeTable) -> None:
    samples = Samples.from_table(
        make_table(4, outcome=["ok", "timeout", "http_5xx", "dropped"], latency_ms=[1.0, 10_000.0, 2.0, None])
    )
    assert samples.answered.tolist() == [True, True, False, False]
    assert samples.mark_failed().tolist() == [False, True, True, True]


def test_an_outcome_that_the_scenario_expects_is_no_failure(make_table: MakeTable) -> None:
    samples = Samples.from_table(make_table(3, outcome=["ok", "shed", "http_5xx"]))
    assert samples.mark_failed(("shed",)).tolist() == [False, False, True]
    assert samples.answered.tolist() == [True, False, False]


@pytest.mark.parametrize("mask", ["000000", "111111", "011100", "000111", "101010"])
def test_where_gives_the_rows_that_a_mask_selects(make_table: MakeTable, mask: str) -> None:
    samples = Samples.from_table(make_table(6, latency_ms=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]))
    wanted = [float(i) for i, bit in enumerate(mask) if bit == "1"]
    assert samples.select(np.array([bit == "1" for bit in mask])).latency_ms.tolist() == wanted


def test_neighbouring_rows_are_a_view(make_table: MakeTable) -> None:
    """A stage of a run of ten million requests must not cost their memory again."""
    samples = Samples.from_table(make_table(6, latency_ms=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]))
    stage = samples.select(np.array([False, True, True, True, False, False]))
    assert np.shares_memory(stage.latency_ms, samples.latency_ms)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=30),
    shuffle=st.randoms(use_true_random=False),
    cut=st.integers(0, 30),
)
def test_how_a_run_was_divided_changes_nothing(
    make_table: MakeTable, rows: list[tuple[int, int]], shuffle: object, cut: int
) -> None:
    def table(part: list[tuple[int, int]]) -> pa.Table:
        return make_table(
            len(part), intended_s=[float(a) for a, _ in part], latency_ms=[float(b) for _, b in part]
        )

    shuffled = list(rows)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    whole = Samples.from_table(table(rows))
    merged = Samples.from_table(pa.concat_tables([table(shuffled[:cut]), table(shuffled[cut:])]))
    assert merged.intended_s.tolist() == whole.intended_s.tolist()
    assert merged.latency_ms.tolist() == whole.latency_ms.tolist()


def test_labels_without_any_name_are_empty_words() -> None:
    assert Labels(np.empty(0, dtype=np.int16), ()).decode().tolist() == []
