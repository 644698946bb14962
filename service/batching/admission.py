"""Admission control: how many rows may wait, from the queue's size and the measured drain rate."""

from __future__ import annotations

import math
from typing import Any

from service.batching.pending_rows import FinishedBatch

_HALF_LIFE_S = 0.2


class DrainRate:
    """Exponentially decayed rows per busy second.

    Busy time starts when rows are waiting, so it includes what the event loop does besides inference. After
    `half_life_s` of busy time, earlier observations have half their weight.
    """

    def __init__(self, half_life_s: float = _HALF_LIFE_S) -> None:
        self._half_life_s = half_life_s
        self._rows = 0.0
        self._busy_s = 0.0

    def observe(self, rows: int, busy_s: float) -> None:
        """Take into account that `rows` were answered in `busy_s` seconds."""
        weight = 0.5 ** (busy_s / self._half_life_s)
        self._rows = weight * self._rows + rows
        self._busy_s = weight * self._busy_s + busy_s

    @property
    def rows_per_s(self) -> float:
        """The rate; infinite before the first observation."""
        return self._rows / self._busy_s if self._busy_s > 0.0 else math.inf


class AdmissionControl:
    """Decides in O(1) whether one more row may wait.

    The limit is the smaller of `admitted_share` of the queue and the rows that drain within `max_delay_s`,
    the latter at least one full batch: a service that admits one row at a time would never show how fast it
    is in batches.
    """

    def __init__(self, queue_rows: int, admitted_share: float, batch_rows: int, max_delay_s: float) -> None:
        self._max_limit = max(1, int(queue_rows * admitted_share))
        self._batch_rows = batch_rows
        self._max_delay_s = max_delay_s
        self._rate = DrainRate()
        self.limit = self._max_limit

    def admits(self, depth: int) -> bool:
        """Whether one more row may join `depth` waiting rows."""
        return depth < self.limit

    def retry_after_s(self, depth: int) -> int:
        """Whole seconds after which the rows that wait now will have been answered; 1 to 60."""
        return max(1, math.ceil(min(depth / self._rate.rows_per_s, 60.0)))

    def observe_batch(self, batch: FinishedBatch[Any, Any]) -> None:
        """Update the drain rate and the limit."""
        self._rate.observe(len(batch.rows), batch.started_s + batch.inference_s - batch.busy_since_s)
        drained = self._rate.rows_per_s * self._max_delay_s
        self.limit = int(min(self._max_limit, max(self._batch_rows, drained)))
