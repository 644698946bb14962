"""Measures the limit of the model: rows/s of `predict_batch` on validated rows, without a service."""

from __future__ import annotations

import argparse
import time

from benchmarks.service.serving import make_records
from service.model.insurance import InsuranceChargesModel


def main() -> None:
    """Print the rows per second of one window."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.limit", description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    model = InsuranceChargesModel()
    batch = [model.input_schema(**record) for record in make_records(options.rows)]
    model.predict_batch(batch)
    calls, began = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - began) < options.seconds:
        model.predict_batch(batch)
        calls += 1
    print(calls * options.rows / elapsed_s)


if __name__ == "__main__":
    main()
