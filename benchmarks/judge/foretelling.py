"""Compares the samples that an unproven run says it needs with those that such runs do need."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles
from typing import Final

import numpy as np

from benchmarks.judge.judging import draw_runs
from benchmarks.judge.processes import LIMIT_MS, RequestProcess
from reports.judging.judgement import Judgement, judge_objective
from reports.objectives.parsing import parse_objective

PERCENT: Final = 99.0
USED: Final = 0.3
"""The share of the budget that exceeds the limit."""
STEP: Final = 2**0.5
"""The ratio of successive lengths that are tried."""


@dataclass(frozen=True)
class NeedForetold:
    """Of a process: after how many requests half of the runs prove a limit, and how many are foretold.

    `foretold` are the quartiles of all requests that unproven runs of half that length say that they need,
    those they have included.
    """

    process: str
    runs: int
    requests: int
    foretold: tuple[float, float, float]


def foretell_need(process: RequestProcess, runs: int) -> NeedForetold:
    """Find the length at which half of the runs prove a limit that `USED` of the budget exceeds."""
    requests, proven = 300.0, 0.0
    while proven < 0.5:
        requests, before, earlier = requests * STEP, proven, requests
        judged = _judge_runs(process, round(requests), runs)
        proven = float(np.mean([each.outcome == "met" for each in judged]))
    half = earlier + (requests - earlier) * (0.5 - before) / (proven - before)
    length = round(half / 2)
    told = [each.needed + length for each in _judge_runs(process, length, runs) if each.needed is not None]
    low, middle, high = quantiles(told, n=4)
    return NeedForetold(process.name, runs, round(half), (low, middle, high))


def _judge_runs(process: RequestProcess, requests: int, runs: int) -> list[Judgement]:
    objective = parse_objective(f"p{PERCENT:g} latency <= {LIMIT_MS:g} ms")
    share = USED * (1.0 - PERCENT / 100.0)
    return [judge_objective(objective, run) for run in draw_runs(process, requests, share, runs)]
