"""Latency by size: only where sizes differ, every request in one class, rows before bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.data.run import Run
from reports.figures.sizes import MOST_CLASSES, LatencyBySize, compare_sizes

MakeRun = Callable[..., Run]


def compare(run: Run) -> tuple[LatencyBySize, ...]:
    endpoints = sorted(set(run.judged.endpoint.decode().tolist()))
    return compare_sizes(run.judged, endpoints, run.judged_s, run.facts.expected)


def test_requests_of_one_size_are_not_compared(make_run: MakeRun) -> None:
    assert compare(make_run(100)) == ()


def test_records_of_nearly_equal_length_are_one_size(make_run: MakeRun) -> None:
    """Also where one of them is much longer than the others."""
    sizes = np.append(np.arange(100, 199), 10_000)
    assert compare(make_run(100, request_bytes=sizes)) == ()


def test_few_sizes_are_classes_of_their_own_with_their_figures(make_run: MakeRun) -> None:
    run = make_run(60, rows=np.tile([1, 10, 100], 20), latency_ms=np.tile([5.0, 8.0, 40.0], 20))
    (told,) = compare(run)
    assert (told.endpoint, told.quantity, told.requests) == ("prediction", "rows", 60)
    assert [each.name("rows") for each in told.classes] == ["1 row", "10 rows", "100 rows"]
    assert [each.figures.p95_ms for each in told.classes] == [5.0, 8.0, 40.0]
    assert {each.figures.requests for each in told.classes} == {20}


def test_bytes_are_compared_where_rows_are_equal(make_run: MakeRun) -> None:
    (told,) = compare(make_run(100, request_bytes=np.tile([200, 900], 50)))
    assert [each.name(told.quantity) for each in told.classes] == ["200 bytes", "900 bytes"]


def test_endpoints_are_compared_each_for_itself(make_run: MakeRun) -> None:
    """A get request without a body beside a long post request is no size that differs."""
    endpoint = np.tile(["get", "list", "post", "post"], 25)
    run = make_run(100, endpoint=endpoint, request_bytes=np.tile([50, 50, 900, 900], 25))
    assert compare(run) == ()
    run = make_run(100, endpoint=endpoint, rows=np.tile([1, 1, 2, 3], 25))
    assert [each.endpoint for each in compare(run)] == ["post"]


def test_what_was_never_sent_has_no_size(make_run: MakeRun) -> None:
    sent = np.where(np.arange(100) < 50, 0.0, np.nan)
    sizes = np.where(np.isfinite(sent), np.tile([300, 900], 50), 0)
    (told,) = compare(make_run(100, sent_s=sent, request_bytes=sizes))
    assert [each.name(told.quantity) for each in told.classes] == ["300 bytes", "900 bytes"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(sizes=st.lists(st.integers(1, 1_000_000), min_size=2, max_size=60))
def test_every_request_is_in_one_of_a_few_classes_in_ascending_order(
    make_run: MakeRun, sizes: list[int]
) -> None:
    found = compare(make_run(len(sizes), rows=np.array(sizes)))
    if len(set(sizes)) == 1:
        assert found == ()
        return
    ((told),) = found
    assert told.requests == len(sizes)
    assert 2 <= len(told.classes) <= MOST_CLASSES
    bounds = [bound for each in told.classes for bound in (each.least, each.most)]
    assert bounds == sorted(bounds)
    assert len(set(bounds)) >= len(told.classes)
    for each in told.classes:
        assert each.figures.requests == sum(each.least <= size <= each.most for size in sizes)
