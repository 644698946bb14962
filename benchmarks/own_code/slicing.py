"""Measures how long reading a batch of 10,000 records blocks the event loop: as a whole, and in slices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from time import process_time
from typing import Final

from pydantic import TypeAdapter

from benchmarks.service.serving import make_records
from service.batching.settings import BatchEndpointSettings
from service.batching.slicing import ListSlicer
from service.model.schemas import InsuranceChargesModelInput

ROWS: Final = 10_000
_ROWS_ADAPTER: Final = TypeAdapter(list[InsuranceChargesModelInput])


@dataclass(frozen=True)
class SlicingCost:
    """Processor time of reading one batch, in milliseconds."""

    whole_ms: float
    """In one piece, which blocks the event loop for all of it."""
    slices_ms: float
    """In slices, together."""
    longest_slice_ms: float
    """The longest of the slices, after which the event loop serves others."""
    cutting_us: float
    """Cutting alone, in microseconds per row."""


def measure_slicing() -> SlicingCost:
    """Read the same batch in both ways."""
    text = json.dumps(make_records(ROWS), separators=(",", ":")).encode()
    began = process_time()
    _ROWS_ADAPTER.validate_json(text)
    whole_s = process_time() - began
    slices = ListSlicer(text, int(BatchEndpointSettings().slice_kib * 2**10))
    cutting_s, taken_s, rows = 0.0, [], 0
    while slices.more:
        began = process_time()
        piece = slices.take()
        cut = process_time()
        rows += len(_ROWS_ADAPTER.validate_json(piece))
        taken_s.append(process_time() - began)
        cutting_s += cut - began
    assert rows == ROWS
    return SlicingCost(whole_s * 1e3, sum(taken_s) * 1e3, max(taken_s) * 1e3, cutting_s / ROWS * 1e6)
