"""How much one batch may do in one pass of the event loop: counted, not timed.

The maximum takes about a millisecond (docs/service.md has the measurements), whatever a client sends.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any
from unittest.mock import create_autospec

import pytest
from pydantic import BaseModel

from service.batching import slicing
from service.batching.batch_job import BatchJob
from service.batching.inference import ModelRunner
from service.batching.replies import HttpReply
from service.batching.row_codec import RowCodec
from service.batching.slicing import MAX_SLICE_ROWS
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput
from service.observability.metrics import InferenceMetrics

SLICE_BYTES = 4_096
MOST_BATCH_ROWS = 3_000
PERSON = {"age": 42, "sex": "female", "bmi": 24.0, "children": 2, "smoker": False, "region": "northwest"}
NOTED = [{**PERSON, "note": "},{" * 20} for _ in range(2_000)]
PEOPLE = json.dumps([PERSON] * 2_000).encode()
LONG = 20 * SLICE_BYTES


class Turns:
    """Counts what is done in each pass of the event loop, and keeps the maximum."""

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.total: Counter[str] = Counter()

    def did(self, what: str, amount: int) -> None:
        self._now[what] += amount
        self.total[what] += amount
        self.most[what] = max(self.most[what], self._now[what])

    async def pass_by(self) -> None:
        """Another request: each of its steps begins a pass."""
        while True:
            self._now.clear()
            await asyncio.sleep(0)


class CountingCodec(RowCodec):
    def __init__(self, turns: Turns) -> None:
        super().__init__(InsuranceChargesModelInput, InsuranceChargesModelOutput)
        self._turns = turns

    def parse_rows(self, text: bytes) -> list[BaseModel]:
        self._turns.did("bytes", len(text))
        rows = super().parse_rows(text)
        self._turns.did("rows", len(rows))
        return rows

    def parse_values(self, text: bytes) -> list[Any]:
        self._turns.did("bytes", len(text))
        return super().parse_values(text)

    def validate_row(self, value: object) -> BaseModel:
        self._turns.did("rows", 1)
        return super().validate_row(value)

    def encode_results(self, results: Sequence[BaseModel]) -> bytes:
        self._turns.did("results", len(results))
        return super().encode_results(results)


def answer(body: bytes, partial: bool, turns: Turns) -> HttpReply:
    """The reply to a batch that runs beside one other request."""

    def charge(rows: Sequence[Any]) -> list[InsuranceChargesModelOutput]:
        return [InsuranceChargesModelOutput(charges=1.0) for _ in rows]

    async def main() -> HttpReply:
        inference: ModelRunner[Any, Any] = ModelRunner(charge, math.inf)
        inference.inline = True
        other = asyncio.ensure_future(turns.pass_by())
        work = BatchJob(
            codec=CountingCodec(turns),
            runner=inference,
            turn=asyncio.Lock(),
            max_rows=MOST_BATCH_ROWS,
            partial=partial,
            client_gone=asyncio.get_running_loop().create_future(),
            metrics=create_autospec(InferenceMetrics),
        )
        try:
            await asyncio.sleep(0)
            return await work.run(body, SLICE_BYTES)
        finally:
            other.cancel()

    return asyncio.run(main())


@pytest.mark.parametrize("partial", [False, True], ids=["all or nothing", "partial"])
@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (PEOPLE, (200, 200)),
        (PEOPLE[:-1], (400, 400)),
        (json.dumps(NOTED).encode(), (200, 200)),
        (json.dumps(NOTED).encode()[:-1], (400, 400)),
        (b"[" + b"1," * LONG + b"1]", (400, 413)),
        (b"[" + b"{}," * LONG + b"{}]", (400, 413)),
        (b"[" + b"[],{}," * LONG + b"{}]", (400, 413)),
        (b"[{}" + b",{}" * (MOST_BATCH_ROWS - 1) + b"]", (400, 200)),
        (b"[{" + b'"a":[{},{}],' * LONG + b'"b":1}]', (413, 413)),
        (b"[" * LONG, (413, 413)),
        (b'["' + b"},{" * LONG + b'"]', (413, 413)),
        (b'{"a":[' + b"1," * LONG + b"1]}", (400, 400)),
        (b"[" + b" " * LONG + b"]", (413, 413)),
    ],
    ids=[
        "valid",
        "cut short",
        "edges in strings",
        "edges in strings, cut short",
        "numbers",
        "empty records",
        "lists and empty records",
        "as many empty records as allowed",
        "one long row",
        "too deep",
        "one long string",
        "no list",
        "blanks",
    ],
)
def test_no_turn_holds_more_than_a_slice(
    body: bytes, statuses: tuple[int, int], partial: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are read at most three times (guessed, exactly, and once more for its faults)."""
    turns = Turns()
    exactly = slicing.find_row_commas

    def counted(text: bytes) -> Any:
        turns.did("scanned", len(text))
        return exactly(text)

    monkeypatch.setattr(slicing, "find_row_commas", counted)
    reply = answer(body, partial, turns)
    assert reply.status == statuses[partial]
    assert turns.most["bytes"] <= 3 * (SLICE_BYTES + len("[]"))
    assert turns.most["scanned"] <= 2 * SLICE_BYTES
    assert turns.most["rows"] <= MAX_SLICE_ROWS
    assert turns.most["results"] <= MAX_SLICE_ROWS
    assert turns.total["rows"] <= MOST_BATCH_ROWS + MAX_SLICE_ROWS
    if reply.status == 200:
        results = json.loads(reply.body)
        assert len(results) == len(json.loads(body))


def test_a_fault_of_the_text_is_reported_with_the_row_from_which_its_place_is_counted() -> None:
    body = PEOPLE[:-1]
    messages = json.loads(answer(body, False, Turns()).body)["messages"]
    assert len(messages) == 1
    assert "'json_invalid'" in messages[0]
    assert ", counted from row 1," in messages[0]


@pytest.mark.parametrize("tail", [b",]", b",,{}]", b"]]", b'] "more"'])
def test_what_follows_a_long_list_is_not_overlooked(tail: bytes) -> None:
    for partial in (False, True):
        reply = answer(PEOPLE[:-1] + tail, partial, Turns())
        assert reply.status == 400
        assert b"json_invalid" in reply.body
