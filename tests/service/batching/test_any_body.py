"""Whatever bytes arrive as a batch, the reply is one of three, and the same however the text is sliced."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from typing import Any
from unittest.mock import create_autospec

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.batching.batch_job import BatchJob
from service.batching.inference import ModelRunner
from service.batching.replies import HttpReply
from service.batching.row_codec import RowCodec
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput
from service.observability.metrics import InferenceMetrics

PERSON = b'{"age":42,"sex":"female","bmi":24.0,"children":2,"smoker":false,"region":"northwest"}'
CODEC = RowCodec(InsuranceChargesModelInput, InsuranceChargesModelOutput)
METRICS = create_autospec(InferenceMetrics)
WHOLE, SLICED = 2**20, 400
PARTS = st.one_of(
    st.sampled_from(
        [PERSON, b"{}", b"},{", b"[", b"]", b"{", b"}", b",", b'"', b"\\", b'"a":', b"1", b"NaN"]
    ),
    st.sampled_from(
        [b"-Infinity", b"null", b'"\\ud800"', b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\0", b" \n", b"9" * 50]
    ),
    st.binary(max_size=4),
)


def charge(rows: Sequence[Any]) -> list[InsuranceChargesModelOutput]:
    """One result for each row, by which the rows can be told apart."""
    return [InsuranceChargesModelOutput(charges=row.age) for row in rows]


def answer(body: bytes, partial: bool, slice_bytes: int) -> HttpReply:
    """The reply to a batch."""

    async def main() -> HttpReply:
        runner: ModelRunner[Any, Any] = ModelRunner(charge, math.inf)
        runner.inline = True
        return await BatchJob(
            codec=CODEC,
            runner=runner,
            turn=asyncio.Lock(),
            max_rows=1_000,
            partial=partial,
            client_gone=asyncio.get_running_loop().create_future(),
            metrics=METRICS,
        ).run(body, slice_bytes)

    return asyncio.run(main())


@settings(max_examples=60, deadline=None, derandomize=True)
@example([b"[", PERSON, b",", PERSON.replace(b"female", b"\\ud800"), b"]"], True, 8)
@given(st.lists(PARTS, max_size=12), st.booleans(), st.integers(0, 8))
def test_any_bytes_are_answered_and_slices_change_nothing(
    parts: list[bytes], partial: bool, people_before: int
) -> None:
    """200, 400 or 413, always as JSON; only a row longer than a slice (413) may differ."""
    body = b"[" + (PERSON + b",") * people_before + b"".join(parts) + b"]"
    whole, sliced = answer(body, partial, WHOLE), answer(body, partial, SLICED)
    assert {whole.status, sliced.status} <= {200, 400, 413}
    if 413 in (whole.status, sliced.status):
        return
    assert whole.status == sliced.status
    content = json.loads(whole.body)
    if whole.status == 200:
        assert content == json.loads(sliced.body)
        assert len(content) == len(json.loads(body))
    else:
        assert content.keys() == {"type", "messages"}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.binary(max_size=64), st.booleans())
def test_bytes_that_are_no_list_are_refused(body: bytes, partial: bool) -> None:
    assert answer(body, partial, SLICED).status in (400, 413)
