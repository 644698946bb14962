"""What panels ask Prometheus: selectors by job, rates and quantiles over the variable `window`; colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SKY, BLUE, GREEN, ORANGE = "#56b4e9", "#0072b2", "#009e73", "#e69f00"
VERMILION, PURPLE, GREY, INK = "#d55e00", "#cc79a7", "#8b95a0", "text"
"""Okabe and Ito's hues, each for what it stands for in the report: p50, p95, met, load, missed, service."""

VERDICTS: Final[Mapping[str, str]] = {"pass": GREEN, "fail": VERMILION, "invalid": ORANGE}
PERCENTILES: Final[Mapping[str, tuple[str, str]]] = {
    "0.5": ("p50", SKY),
    "0.95": ("p95", BLUE),
    "0.99": ("p99", INK),
}
"""Name and colour of each quantile."""

CLIENT_LATENCY: Final = "loadtest_request_latency_seconds"
SERVICE_LATENCY: Final = "inference_request_latency_seconds"


def client(metric: str, *labels: str) -> str:
    """A metric of the generator."""
    return selector(metric, "loadtest", labels)


def service(metric: str, *labels: str) -> str:
    """A metric of the service."""
    return selector(metric, "service", labels)


def selector(metric: str, job: str, labels: tuple[str, ...]) -> str:
    """A metric of one of Prometheus' jobs, narrowed by matchers such as `outcome="ok"`."""
    matchers = ", ".join((f'job="{job}"', *labels))
    return f"{metric}{{{matchers}}}"


def rate(counter: str) -> str:
    """What is counted a second, over the window, all told."""
    return f"sum(rate({counter}[$window]))"


def quantile(share: str, buckets: str) -> str:
    """A quantile of a histogram over the window, interpolated within one of its buckets."""
    return f"histogram_quantile({share}, sum by (le) (rate({buckets}[$window])))"


def mean(histogram: str, *labels: str) -> str:
    """The mean of one of the service's histograms over the window."""
    total, count = service(f"{histogram}_sum", *labels), service(f"{histogram}_count", *labels)
    return f"{rate(total)} / {rate(count)}"
