"""Files larger than memory: each worker has its part, in the order that was asked for."""

from __future__ import annotations

import json
import threading
import tracemalloc
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import gevent
import pytest

from configuration.payload import Order, RecordFile
from loadtests.payloads import record_batches, record_stream
from loadtests.payloads.record_stream import RecordStream

ROWS = 1_000


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A thousand records in batches of about twenty."""
    monkeypatch.setattr(record_batches, "BATCH_BYTES", 200)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"n": {number}}}\n' for number in range(ROWS)))
    return path


def take(file: Path, order: Order, count: int, seed: int = 1, worker: int = 0, workers: int = 1) -> list[int]:
    stream = RecordStream(RecordFile(file, order), seed, worker, workers)
    return [record.value["n"] for record in islice(stream, count)]  # type: ignore[index]


def test_a_replay_gives_each_record_once_and_in_order(file: Path) -> None:
    stream = RecordStream(RecordFile(file, "replay"), 1)
    assert stream.total == ROWS
    records = list(stream)
    assert [record.value for record in records] == [{"n": number} for number in range(ROWS)]
    assert records[4].origin == "record 5 of rows.jsonl"
    assert next(stream, None) is None


@pytest.mark.parametrize("order", ["replay", "cycled"])
@pytest.mark.parametrize("workers", [2, 3, 7])
def test_row_i_belongs_to_worker_i_modulo_the_workers(file: Path, order: Order, workers: int) -> None:
    for worker in range(workers):
        mine = list(range(worker, ROWS, workers))
        assert take(file, order, len(mine), worker=worker, workers=workers) == mine


def test_a_cycle_begins_anew(file: Path) -> None:
    assert take(file, "cycled", 2 * ROWS + 1) == [*range(ROWS), *range(ROWS), 0]


def test_who_joined_late_has_no_part_in_a_replay(file: Path) -> None:
    assert RecordStream(RecordFile(file, "replay"), 1, worker=2, workers=2).total == 0
    assert take(file, "replay", 1, worker=2, workers=2) == []


def test_samples_are_drawn_from_the_whole_file_each_with_the_same_chance(file: Path) -> None:
    """Chi-squared over tenths of the file: 9 degrees of freedom, 33.7 is its 99.99 % quantile."""
    drawn = take(file, "sampled", 20_000)
    tenths = Counter(number * 10 // ROWS for number in drawn)
    assert sum((count - 2_000) ** 2 / 2_000 for count in tenths.values()) < 33.7
    assert len(tenths) == 10
    assert drawn[:50] != sorted(drawn[:50])
    assert drawn == take(file, "sampled", 20_000)
    assert drawn != take(file, "sampled", 20_000, seed=2)


def test_a_broken_line_is_told_when_it_is_reached(file: Path) -> None:
    file.write_text(file.read_text() + "{\n")
    stream = RecordStream(RecordFile(file, "replay"), 1)
    assert len(list(islice(stream, ROWS))) == ROWS
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 1001: no JSON value"):
        next(stream)


def test_users_who_wait_for_the_same_batch_get_different_records(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readable = threading.Event()
    read = record_stream._take_next

    def read_when_allowed(parts: Any) -> Any:
        assert readable.wait(60)
        return read(parts)

    monkeypatch.setattr(record_stream, "_take_next", read_when_allowed)
    stream = RecordStream(RecordFile(file, "replay"), 1)
    taken: list[int] = []

    def ask() -> None:
        for record in stream:
            taken.append(record.value["n"])  # type: ignore[index]
            gevent.sleep(0)  # as sending does: others run meanwhile

    asking = [gevent.spawn(ask) for _ in range(5)]
    gevent.sleep(0)
    gevent.sleep(0)
    readable.set()
    gevent.joinall(asking, timeout=60)
    assert sorted(taken) == list(range(ROWS))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """48 MB pass through; less than a tenth of that is held at any time."""
    path = tmp_path / "large.jsonl"
    filler = "x" * 4_000
    with path.open("w") as lines:
        for number in range(12_000):
            lines.write(json.dumps({"n": number, "filler": filler}) + "\n")
    tracemalloc.start()
    try:
        passed = sum(1 for _ in RecordStream(RecordFile(path, "replay"), 1))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert passed == 12_000
    assert held < path.stat().st_size / 10


def test_a_pass_draws_no_more_bytes_than_may_be_held(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_stream, "ROUND_BYTES", 500)
    stream = RecordStream(RecordFile(file, "sampled"), 1)
    next(stream)
    assert len(list(stream._records)) < 60
