"""Runs of two versions, made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.data.run import Run

MACHINE = {"processor": "a processor", "cores": "2", "memory": "4 GiB", "system": "Linux 6"}


@pytest.fixture(scope="session")
def make_version(make_run: Callable[..., Run]) -> Callable[..., Run]:
    """`make_version(seed, factor=1.0, count=4000, errors=0.0, ...)`: 200 requests/s for `count` of them."""

    def make(
        seed: int,
        *,
        factor: float = 1.0,
        count: int = 4000,
        errors: float = 0.0,
        facts: dict[str, Any] | None = None,
        **columns: Any,
    ) -> Run:
        rng = np.random.default_rng(seed)
        latency_ms = factor * np.exp(2 + 0.3 * rng.normal(size=count))
        known = {
            "intended_s": np.arange(count) / 200,
            "latency_ms": latency_ms,
            "outcome": np.where(rng.random(count) < errors, "http_5xx", "ok").tolist(),
        }
        told = {"machine": MACHINE, "seeds": {"payloads": 1}, "versions": {"numpy": "2"}}
        run = make_run(count, facts=told | (facts or {}), **(known | columns))
        return replace(run, folder=Path(f"results/version-{seed}"))

    return make
