"""Makes the records that requests carry: endless, seeded streams of each kind."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

from faker import Faker

from configuration.payload import (
    FieldRecords,
    InsuranceRecords,
    PluginRecords,
    RawFiles,
    RecordFile,
    RecordsLike,
    SchemaRecords,
    Source,
)
from loadtests.answers.json_schema import Schema
from loadtests.payloads import field_values, insurance
from loadtests.payloads.plugins import generate_plugin_records
from loadtests.payloads.record_batches import count_records
from loadtests.payloads.record_files import read_records
from loadtests.payloads.record_stream import Record, RecordStream
from loadtests.payloads.schema_inference import infer_schema
from loadtests.payloads.schema_values import ValueMaker
from loadtests.payloads.schema_violations import make_invalid
from loadtests.payloads.similar_records import SimilarRecords

HELD_RECORDS: Final = 16_384
"""A file with more records is read while the load goes on; so many of them show what others are like."""
HELD_BYTES: Final = 2**25


def generate_records(
    source: Source, kind: str, seed: int, worker: int = 0, workers: int = 1, held: int = HELD_RECORDS
) -> Iterator[Record]:
    """A stream of records of one kind, endless unless a file is replayed; equal arguments give equal streams.

    The records of a file with more than `held` of them, or of one that is replayed, are a `RecordStream`.
    ValueError says what is wrong with a source that gives none.
    """
    fake = Faker("en_US")
    fake.seed_instance(seed)
    match source:
        case InsuranceRecords():
            return _number(insurance.generate_records(kind, seed))
        case FieldRecords(fields):
            return _number(field_values.generate_records(fields, kind, fake, worker))
        case SchemaRecords(document):
            return _number(_generate_by_schema(Schema(document), kind, fake))
        case RecordsLike(file):
            table = SimilarRecords(read_records(file), random.Random(seed))  # noqa: S311 - payloads want a seed
            return _number(table.generate(kind))
        case RecordFile(file, order):
            if kind != "realistic":
                return _number(_vary(read_records(file, HELD_RECORDS), kind, fake))
            if order == "replay" or file.stat().st_size > HELD_BYTES or count_records(file) > held:
                return RecordStream(source, seed, worker, workers)
            return _read_file(read_records(file), file.name, order == "sampled", fake.random)
        case PluginRecords():
            return _number(generate_plugin_records(source, kind, seed))
        case RawFiles():
            raise ValueError("files of a folder are no records")


def _number(values: Iterator[Any]) -> Iterator[Record]:
    return (Record(value, f"record {number}") for number, value in zip(count(1), values, strict=False))


def _generate_by_schema(schema: Schema, kind: str, fake: Faker) -> Iterator[Any]:
    maker = ValueMaker(schema, fake)
    make: Callable[[], Any] = maker.make
    while True:
        if kind == "invalid":
            yield make_invalid(schema, make, fake.random)
        else:
            yield maker.make(at_edge=kind == "boundary")


def _vary(records: list[Any], kind: str, fake: Faker) -> Iterator[Any]:
    """Records like those of a file: at the ends of the ranges seen there, or with one of them invalid."""
    schema = Schema(infer_schema(records))
    if kind == "boundary":
        yield from _generate_by_schema(schema, kind, fake)
    while True:
        yield make_invalid(schema, lambda: fake.random.choice(records), fake.random)


def _read_file(records: list[Any], name: str, sampled: bool, chance: random.Random) -> Iterator[Record]:
    for place in count():
        index = chance.randrange(len(records)) if sampled else place % len(records)
        yield Record(records[index], f"record {index + 1} of {name}")
