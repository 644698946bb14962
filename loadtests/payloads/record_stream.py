"""The records of a file one after the other, read ahead a batch at a time by another thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from gevent import get_hub
from gevent.lock import RLock

from configuration.payload import RecordFile
from loadtests.payloads.record_batches import NumberedRecord, RecordBatch, count_records, read_batches

ROUND_RECORDS: Final = 16_384
ROUND_BYTES: Final = 2**25
"""A pass over a file draws so many records, or so many bytes of them."""


class Record(NamedTuple):
    """A record, and where it comes from, for messages."""

    value: object
    origin: str


class RecordStream(Iterator[Record]):
    """A worker's part of the records of a file, in the order that its source states.

    Record i, counted from 0, belongs to worker i mod `workers`: in the order `replay` each is given once, in
    the order `cycled` over and over. `sampled` ones are drawn independently, each with the same probability,
    from the whole file: a pass over it picks the records that were drawn for the next while.

    At most two batches (or two passes' draws) are in memory. Reading is done by gevent's thread pool, a batch
    ahead; decoding by whoever asks for the next record. Only who asks before a batch has been read waits, and
    lets others run meanwhile. ValueError says what is wrong with the file.
    """

    def __init__(self, source: RecordFile, seed: int, worker: int = 0, workers: int = 1) -> None:
        found = count_records(source.file)
        if not found:
            raise ValueError(f"{source.file}: holds no record")
        self.total = len(range(worker, found, workers)) if worker < workers else 0
        """How many records of the file are this worker's part."""
        self._name = source.file.name
        match source.order:
            case "sampled":
                self._parts = _draw_rounds(source.file, found, np.random.default_rng(seed))
            case "cycled":
                self._parts = _select_part(_read_forever(source.file), worker % workers, workers)
            case "replay":
                batches = read_batches(source.file) if self.total else iter(())
                self._parts = _select_part(batches, worker, workers)
        self._records: Iterator[NumberedRecord] = iter(())
        self._advancing = RLock()
        self._ahead = self._read_ahead()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Record:
        while True:
            records = self._records
            for row, value in records:
                return Record(value, f"record {row + 1} of {self._name}")
            with self._advancing:
                if self._records is records:  # nobody else went on meanwhile
                    self._go_on()

    def _go_on(self) -> None:
        """Take the batch that was read ahead, and have the next one read."""
        found = self._ahead()
        if found is None:
            raise StopIteration
        if isinstance(found, Exception):
            raise found
        self._records = iter(found)
        self._ahead = self._read_ahead()

    def _read_ahead(self) -> Callable[[], Iterable[NumberedRecord] | Exception | None]:
        """Have the next part read in another thread; the returned function waits for it."""
        reading = get_hub().threadpool.spawn(_take_next, self._parts)
        return reading.get  # type: ignore[no-any-return]


def _take_next(parts: Iterator[Iterable[NumberedRecord]]) -> Iterable[NumberedRecord] | Exception | None:
    """The next part, None after the last; an error as a value, because gevent would print it."""
    try:
        return next(parts, None)
    except (ValueError, OSError) as error:
        return error


def _read_forever(file: Path) -> Iterator[RecordBatch]:
    for each in repeat(file):
        yield from read_batches(each)


def _select_part(
    batches: Iterator[RecordBatch], worker: int, workers: int
) -> Iterator[Iterable[NumberedRecord]]:
    for batch in batches:
        yield batch.decode(range((worker - batch.first) % workers, len(batch), workers))


def _draw_rounds(file: Path, records: int, chance: np.random.Generator) -> Iterator[Iterable[NumberedRecord]]:
    mean_bytes = file.stat().st_size / records
    size = max(1, min(ROUND_RECORDS, int(ROUND_BYTES / max(mean_bytes, 1.0))))
    while True:
        drawn = np.sort(chance.integers(records, size=size))
        found: list[NumberedRecord] = []
        for batch in read_batches(file):
            start, end = np.searchsorted(drawn, (batch.first, batch.first + len(batch)))
            found += batch.decode((drawn[start:end] - batch.first).tolist())
        yield [found[place] for place in chance.permutation(len(found)).tolist()]
