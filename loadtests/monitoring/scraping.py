"""Reads a service's figures from its /metrics page, which is in Prometheus' text format."""

from __future__ import annotations

import math
from typing import Final

from gevent import sleep
from prometheus_client.parser import text_string_to_metric_families

CPU_SECONDS: Final = "process_cpu_seconds_total"
MEMORY_BYTES: Final = "process_resident_memory_bytes"
QUEUE_DEPTH: Final = "inference_queue_depth"
BATCH_ROWS: Final = "inference_batch_size_sum"
BATCHES: Final = "inference_batch_size_count"
_NAMES: Final = (CPU_SECONDS, MEMORY_BYTES, QUEUE_DEPTH, BATCH_ROWS, BATCHES)
_PREFIXES: Final = tuple(name.encode() for name in _NAMES)

LONGEST_LINE: Final = 4096
"""In bytes. The parser's time grows with the square of a line's length: a longer line is passed over."""


def parse_metrics(page: bytes | bytearray) -> dict[str, float]:
    """The figures that are monitored, each summed over its labels.

    A line that breaks the format, or whose value is no finite number, is passed over. Only lines that may
    hold a monitored figure are parsed, each for itself: the service's page of 240 lines takes 0.1 ms instead
    of 14 ms, and other greenlets run between two lines.
    """
    figures: dict[str, float] = {}
    for line in page.splitlines():
        if line.startswith(_PREFIXES) and len(line) <= LONGEST_LINE:
            for name, value in _parse_line(line.decode("utf-8", errors="replace")):
                figures[name] = figures.get(name, 0.0) + value
            sleep(0)
    return figures


def _parse_line(line: str) -> list[tuple[str, float]]:
    """The monitored figure in a line, if there is one."""
    try:
        samples = [sample for family in text_string_to_metric_families(line) for sample in family.samples]
        figures = [(sample.name, float(sample.value)) for sample in samples]
    except (ValueError, IndexError, OverflowError):  # what the parser raises for what is no sample
        return []
    return [(name, value) for name, value in figures if name in _NAMES and math.isfinite(value)]
