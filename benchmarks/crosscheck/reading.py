"""What a tool says of one turn, read from its own output into the same figures for all tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from reports.data.folder import read_run
from reports.data.run import Run

BROKEN: Final = ("timeout", "refused", "reset")
"""Outcomes of this suite that are the connection's, not the service's answer."""
SOCKET_ERRORS: Final = ("connect", "read", "write", "timeout")
"""As wrk counts them."""


class UnreadableError(Exception):
    """A tool's output without the figures that belong there; the message has its last words."""


@dataclass(frozen=True)
class Reading:
    """One turn of one tool. Latencies are in milliseconds."""

    per_second: float
    """Good replies a second."""
    requests: int
    """All that the tool asked for in its turn, what it doesn't count in its figures too."""
    refused: int
    """Answered, but not as asked: 503, 504, a reply that is no prediction."""
    broken: int
    """Socket errors: no connection, one that ended early, a reply that came too late or never."""
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    mean_ms: float | None = None
    """None where a tool's mean is not that of what it measured."""
    p50_sent_ms: float | None = None
    """The median from the actual send, of a tool whose latencies count from when a request was due."""
    kept: bool | None = None
    """Whether the objectives hold, as this tool sees it; None where it wasn't asked."""
    busy: float = 0.0
    """The share of its core that the tool took."""
    service_us: float = 0.0
    """The service's processor time for each request of the turn, in microseconds."""
    others: float = 0.0
    """The share of the tool's core that other processes took."""
    service_others: float = 0.0
    """The same of the service's core."""

    @property
    def under_way(self) -> float | None:
        """How many requests were under way on average, by Little's law: rate × mean latency."""
        return None if self.mean_ms is None else self.per_second * self.mean_ms / 1000

    @property
    def service_busy(self) -> float:
        """The share of its core that the service took while it was asked: rate × processor time a request."""
        return self.per_second / max(1 - self.refused_share, 0.01) * self.service_us / 1e6

    @property
    def refused_share(self) -> float:
        """Refused requests as a share of all."""
        return self.refused / max(self.requests, 1)

    def beside(self, busy: float, service_s: float, others: float, service_others: float) -> Reading:
        """The same with what was observed of the processes meanwhile."""
        service_us = service_s / max(self.requests, 1) * 1e6
        return replace(self, busy=busy, service_us=service_us, others=others, service_others=service_others)


def read_wrk(said: str) -> Reading:
    """The line of JSON with which wrk.lua ends.

    Its latencies are those of refused requests, too. And wrk corrects them for coordinated omission: for each
    latency longer than twice the mean time between a connection's requests it adds those of the requests that
    would have waited as well (`stats_correct` in its stats.c). So its mean is not told.
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
        raise UnreadableError(f"wrk said nothing that can be read: {said.strip()[-300:]}") from error


def read_k6(path: Path) -> Reading:
    """The file that k6 writes with --summary-export; its latencies are those of expected replies."""
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
        raise UnreadableError(f"{path} has no summary of k6 that can be read: {error!r}") from error


def _count(metrics: Mapping[str, Any], name: str) -> int:
    """A counter of the script; k6 leaves out those that never counted."""
    return int(metrics[name]["count"]) if name in metrics else 0


def read_suite(folder: Path) -> Reading:
    """A run of this suite; latencies are those of good replies in the judged stage."""
    run = read_run(folder)
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    (stage,) = run.facts.judged_stages
    samples = run.samples.select(run.samples.stage.equal(stage.name))
    good_ms = samples.latency_ms[samples.ok]
    if not len(good_ms):
        raise UnreadableError(f"of {len(samples)} requests of this suite none had a good reply")
    broken = int(np.count_nonzero(samples.outcome.isin(BROKEN)))
    p50_ms, p95_ms, p99_ms = np.quantile(good_ms, (0.5, 0.95, 0.99), method="inverted_cdf").tolist()
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
        p50_sent_ms=float(np.quantile(samples.service_ms[samples.ok], 0.5, method="inverted_cdf")),
        kept=None if verdict["verdict"] == "invalid" else verdict["verdict"] == "pass",
        busy=_busy(run, stage.start_s),
    )


def _busy(run: Run, from_s: float) -> float:
    """The share of a core that the generator took while it was judged, as it observed itself."""
    t_s, percent = run.telemetry.select_series("cpu_percent", "generator")
    inside = percent[t_s > from_s]
    return float(inside.mean()) / 100 if len(inside) else 0.0
