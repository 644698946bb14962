"""Measures the way from numpy arrays to Arrow columns and back: this suite's code and pyarrow's."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from benchmarks.generator.processes import PROJECT

LIBRARY: Final = "pyarrow.chunked_array([pyarrow.array(values)]).to_numpy()"
OWN: Final = (
    "columns.decode_numbers(pyarrow.chunked_array([columns.encode_numbers(values, pyarrow.float64())]))"
)
PROGRAM: Final = """
import json, time
import numpy, psutil, pyarrow
from reports.data import columns
values = numpy.arange(1000.0)
memory, began = psutil.Process().memory_info().rss, time.process_time()
{statement}
taken = time.process_time() - began, psutil.Process().memory_info().rss - memory
print(json.dumps(taken))
"""


@dataclass(frozen=True)
class ColumnsCost:
    """Processor time and memory of the first column of a process, there and back."""

    cpu_ms: float
    memory_mb: float


def measure_columns(statement: str) -> ColumnsCost:
    """Measure a statement in a fresh process, where numpy and pyarrow are imported already."""
    program = PROGRAM.format(statement=statement)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    cpu_s, memory = json.loads(done.stdout)
    return ColumnsCost(cpu_s * 1e3, memory / 1e6)
