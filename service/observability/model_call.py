"""The report of one call of the model, which the batching layer makes for metrics and traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class ReportedRow(Protocol):
    """One row of the call. `origin` is the span context of its request, or None."""

    @property
    def queued_s(self) -> float:
        """When the row began to wait."""

    @property
    def origin(self) -> Any:
        """The span context of the row's request, if that is traced."""


class ModelCall(Protocol):
    """One call of the model for several rows; times in seconds of one clock."""

    @property
    def rows(self) -> Sequence[ReportedRow]:
        """The rows that shared the call, oldest first."""

    @property
    def started_s(self) -> float:
        """When the model was called."""

    @property
    def inference_s(self) -> float:
        """How long the model took."""

    @property
    def error(self) -> Exception | None:
        """Why the call failed, or None."""
