"""Reads the output of each tool into the same figures for all tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from reports.data.folder import read_run
from reports.data.percentiles import compute_percentiles
from reports.data.run import Run

BROKEN: Final = ("timeout", "refused", "reset")
"""Outcomes of this suite that are failures of the connection, not answers of the service."""
SOCKET_ERRORS: Final = ("connect", "read", "write", "timeout")
"""The kinds of socket errors that wrk counts."""


class UnreadableOutputError(Exception):
    """The output of a tool lacks figures; the message has its end."""


@dataclass(frozen=True)
class Reading:
    """The figures of one turn of one tool. Latencies are in milliseconds."""

    per_second: float
    """Good replies per second."""
    requests: int
    """All requests of the turn, including those that the other figures leave out."""
    refused: int
    """Answered without a prediction: 503, 504, or another reply."""
    broken: int
    """Socket errors: no connection, an early end of it, or a reply that was late or missing."""
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    mean_ms: float | None = None
    """None for a tool whose mean is not that of the measured latencies."""
    p50_sent_ms: float | None = None
    """The median from the actual send, for a tool whose latencies count from the intended start."""
    kept: bool | None = None
    """Whether the objectives are met according to this tool; None if it didn't judge them."""
    busy: float = 0.0
    """Utilisation of the tool's core by the tool, 0 to 1."""
    service_us: float = 0.0
    """The service's processor time per request of the turn, in microseconds."""
    others: float = 0.0
    """Utilisation of the tool's core by other processes, 0 to 1."""
    service_others: float = 0.0
    """The same of the service's core."""

    @property
    def under_way(self) -> float | None:
        """Mean number of requests in flight, by Little's law: rate × mean latency."""
        return None if self.mean_ms is None else self.per_second * self.mean_ms / 1000

    @property
    def service_busy(self) -> float:
        """Utilisation of the service's core by the service: rate × processor time per request."""
        return self.per_second / max(1 - self.refused_share, 0.01) * self.service_us / 1e6

    @property
    def refused_share(self) -> float:
        """The share of requests that were refused."""
        return self.refused / max(self.requests, 1)

    def beside(self, busy: float, service_s: float, others: float, service_others: float) -> Reading:
        """Return the reading with the observed use of both cores."""
        service_us = service_s / max(self.requests, 1) * 1e6
        return replace(self, busy=busy, service_us=service_us, others=others, service_others=service_others)


def read_wrk(said: str) -> Reading:
    """Read the line of JSON with which wrk.lua ends.

    Its latencies include those of refused requests. And wrk corrects them for coordinated omission: for each
    latency longer than twice the mean time between a connection's requests it adds those of the requests that
    would have waited meanwhile (`stats_correct` in its stats.c). So its mean is left out.
    """
    try:
        told = json.loads(said.strip().rpartition("\n")[2])
        return Reading(
            per_second=(told["replies"] - told["refused"]) / told["seconds"],
            requests=told["replies"],
            refused=told["refused"],
            broken=sum(told[name] for name in SOCKET_ERRORS),
            **{name: told[name] for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms")},
        )
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise UnreadableOutputError(f"the output of wrk has no figures: {said.strip()[-300:]}") from error


def read_k6(path: Path) -> Reading:
    """Read the file that k6 writes with --summary-export; its latencies are those of expected replies."""
    try:
        metrics: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))["metrics"]
        times = metrics["http_req_duration{expected_response:true}"]
        crossed = [each for metric in metrics.values() for each in metric.get("thresholds", {}).values()]
        asked = metrics["http_reqs"]
        return Reading(
            per_second=asked["rate"] * (1 - metrics["errors"]["value"]),
            requests=asked["count"],
            refused=_count(metrics, "refused"),
            broken=_count(metrics, "broken"),
            mean_ms=times["avg"],
            p50_ms=times["med"],
            p95_ms=times["p(95)"],
            p99_ms=times["p(99)"],
            max_ms=times["max"],
            kept=not any(crossed) if crossed else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableOutputError(f"{path} has no readable summary of k6: {error!r}") from error


def _count(metrics: Mapping[str, Any], name: str) -> int:
    """Return a counter of the script; k6 omits counters that were never incremented."""
    return int(metrics[name]["count"]) if name in metrics else 0


def read_suite(folder: Path) -> Reading:
    """Read a run of this suite; latencies are those of good replies in the judged stage."""
    run = read_run(folder)
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    (stage,) = run.facts.judged_stages
    samples = run.samples.select(run.samples.stage.equal(stage.name))
    good_ms = samples.latency_ms[samples.ok]
    if not len(good_ms):
        raise UnreadableOutputError(f"of {len(samples)} requests of this suite none had a good reply")
    broken = int(np.count_nonzero(samples.outcome.isin(BROKEN)))
    p50_ms, p95_ms, p99_ms = compute_percentiles(good_ms, (0.5, 0.95, 0.99))
    return Reading(
        per_second=len(good_ms) / run.compute_length_s(stage),
        requests=len(run.samples),
        refused=len(samples) - len(good_ms) - broken,
        broken=broken,
        mean_ms=float(good_ms.mean()),
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        p99_ms=p99_ms,
        max_ms=float(good_ms.max()),
        p50_sent_ms=compute_percentiles(samples.service_ms[samples.ok], (0.5,))[0],
        kept=None if verdict["verdict"] == "invalid" else verdict["verdict"] == "pass",
        busy=_busy(run, stage.start_s),
    )


def _busy(run: Run, from_s: float) -> float:
    """Return the generator's utilisation of its core in the judged stage, from its own telemetry."""
    t_s, percent = run.telemetry.select_series("cpu_percent", "generator")
    inside = percent[t_s > from_s]
    return float(inside.mean()) / 100 if len(inside) else 0.0
