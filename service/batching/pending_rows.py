"""A row from its arrival to its prediction, as the micro-batcher keeps and reports it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

RowT = TypeVar("RowT")
PredictionT = TypeVar("PredictionT")

ArrivalId = int
"""Identifies a request whose body is still arriving, from `expect` to `submit` or `withdraw`."""


class TimedPrediction(NamedTuple, Generic[PredictionT]):
    """The prediction for one row, its time in queue and model, and how many rows shared the call."""

    output: PredictionT
    queue_s: float
    inference_s: float
    rows: int


class PendingRow(Generic[RowT, PredictionT]):
    """One row that waits for its prediction.

    `answer` ends with a `TimedPrediction`, an exception, or cancelled. `origin` is passed on to listeners of
    the batch: the span context of the row's request.
    """

    __slots__ = ("answer", "data", "origin", "queued_s")

    def __init__(
        self, data: RowT, answer: asyncio.Future[TimedPrediction[PredictionT]], queued_s: float, origin: Any
    ) -> None:
        self.data = data
        self.answer = answer
        self.queued_s = queued_s
        self.origin = origin


@dataclass(frozen=True, slots=True)
class FinishedBatch(Generic[RowT, PredictionT]):
    """Rows that one call of the model answered, or failed to; times in seconds of the batcher's clock.

    `busy_since_s` is the time from which on rows were waiting or the model was working.
    """

    rows: Sequence[PendingRow[RowT, PredictionT]]
    started_s: float
    inference_s: float
    busy_since_s: float
    error: Exception | None


BatchListener = Callable[[FinishedBatch[Any, Any]], None]
"""Called on the event loop with each batch, once its rows are answered."""
