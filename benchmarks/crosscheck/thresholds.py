"""Translates objectives to k6's thresholds: the same limits on k6's metrics and those of load.js."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from reports.objectives.objective import Objective

_LATENCY: Final = "http_req_duration{expected_response:true}"
"""Latency of requests with a status of 200 to 399, in ms; k6 counts it from the actual send."""
_TIME: Final = re.compile(r"(p(?P<percentile>[\d.]+)|(?P<word>mean|max)) (latency|service time)")
_WORDS: Final = {"mean": "avg", "max": "max"}
_STATUS: Final = re.compile(r"status (?P<code>\d+)")


def to_thresholds(objectives: Iterable[Objective]) -> tuple[dict[str, list[str]], list[str]]:
    """Return k6's thresholds by metric, and the sentences of the objectives that k6 can't express.

    k6 computes over the whole run: it can't express peaks, windows, or objectives on an endpoint or stage.
    """
    told: dict[str, list[str]] = {}
    untold: list[str] = []
    for objective in objectives:
        expression = _expression(objective)
        if expression is None:
            untold.append(objective.text)
        else:
            metric, aggregate = expression
            told.setdefault(metric, []).append(f"{aggregate}{objective.comparison}{objective.limit:.12g}")
    return told, untold


def _expression(objective: Objective) -> tuple[str, str] | None:
    """Return k6's metric and its aggregate, or None; limits have the same units in k6."""
    if objective.on or objective.during or objective.window_s:
        return None
    name = objective.metric
    if found := _TIME.fullmatch(name):
        return _LATENCY, f"p({found['percentile']})" if found["percentile"] else _WORDS[found["word"]]
    if found := _STATUS.fullmatch(name):
        return f"http_reqs{{status:{found['code']}}}", "count"
    if name in ("error rate", "errors"):
        return "errors", "rate"
    if name == "throughput":
        return ("good_rows" if objective.unit == "rows/s" else "good_replies"), "rate"
    return None
