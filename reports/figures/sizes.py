"""Compares latency with the size of requests: rows where they differ, else bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reports.data.columns import Mask
from reports.data.percentiles import compute_percentiles
from reports.data.quantities import format_count
from reports.data.samples import Samples
from reports.figures.figures import Figures, compute_figures

MOST_CLASSES = 8
MUCH = 2
"""Bytes differ if the size at the 95th percentile is this many times the size at the 5th: the records of one
kind are never quite equally long."""


@dataclass(frozen=True)
class SizeClass:
    """The judged requests of similar size: from `least` to `most`, which occurred, with `median`."""

    least: int
    most: int
    median: float
    figures: Figures

    def name(self, quantity: str) -> str:
        """The sizes in words: '1 row', '8 to 11 rows'."""
        if self.least == self.most:
            return format_count(self.least, quantity.removesuffix("s"))
        return f"{self.least:,} to {self.most:,} {quantity}"


@dataclass(frozen=True)
class LatencyBySize:
    """The requests to one endpoint by their size, the smallest first; there are at least two classes."""

    endpoint: str
    quantity: Literal["rows", "bytes"]
    """Rows asked for, or bytes of the request with its head."""
    classes: tuple[SizeClass, ...]

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return sum(each.figures.requests for each in self.classes)


def compare_sizes(
    judged: Samples, endpoints: Sequence[str], duration_s: float, expected: tuple[str, ...]
) -> tuple[LatencyBySize, ...]:
    """The endpoints whose requests differ in size, the one with the most requests first.

    Requests that were never sent have no size. Sizes are divided into at most eight classes: each size is
    one, or else the classes have the same ratio of largest to smallest size.
    """
    found = []
    for endpoint in endpoints:
        chosen = judged.select(judged.endpoint.equal(endpoint) & np.isfinite(judged.sent_s))
        sized = _choose_quantity(chosen)
        if sized is None:
            continue
        quantity, sizes = sized
        classes = tuple(
            SizeClass(
                int(sizes[rows].min()),
                int(sizes[rows].max()),
                float(np.median(sizes[rows])),
                compute_figures(chosen.select(rows), duration_s, expected),
            )
            for rows in _classify(sizes)
        )
        found.append(LatencyBySize(endpoint, quantity, classes))
    return tuple(sorted(found, key=lambda each: -each.requests))


def _choose_quantity(samples: Samples) -> tuple[Literal["rows", "bytes"], NDArray[Any]] | None:
    """The sizes that differ; None if they don't."""
    if not len(samples):
        return None
    rows, sizes = samples.rows, samples.request_bytes
    if rows.min() < rows.max():
        return "rows", rows
    if sizes.max() < MUCH * max(int(sizes.min()), 1):
        return None
    small, large = compute_percentiles(sizes.astype(np.float64), (0.05, 0.95))
    return ("bytes", sizes) if large >= MUCH * small > 0 else None


def _classify(sizes: NDArray[Any]) -> Iterator[Mask]:
    """Which requests belong to each class that has any."""
    least, most = max(int(sizes.min()), 1), int(sizes.max())
    edges = least * (most / least) ** (np.arange(1, MOST_CLASSES) / MOST_CLASSES)
    distinct = np.unique(sizes)
    if len(distinct) <= MOST_CLASSES:
        edges = distinct[1:]
    places = np.searchsorted(edges, sizes, side="right")
    for place in np.unique(places):
        yield places == place
