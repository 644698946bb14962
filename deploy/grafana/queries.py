"""The PromQL of the panels: selectors by job, rates and quantiles over the variable `window`; colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SKY, BLUE, GREEN, ORANGE = "#56b4e9", "#0072b2", "#009e73", "#e69f00"
VERMILION, PURPLE, GREY, INK = "#d55e00", "#cc79a7", "#8b95a0", "text"
"""Okabe and Ito's colours, with the meanings of the report: p50, p95, met, load, missed, service."""

VERDICT_COLOURS: Final[Mapping[str, str]] = {"pass": GREEN, "fail": VERMILION, "invalid": ORANGE}
PERCENTILE_LINES: Final[Mapping[str, tuple[str, str]]] = {
    "0.5": ("p50", SKY),
    "0.95": ("p95", BLUE),
    "0.99": ("p99", INK),
}
"""Name and colour of each quantile."""

CLIENT_LATENCY: Final = "loadtest_request_latency_seconds"
SERVICE_LATENCY: Final = "inference_request_latency_seconds"


def select_client(metric: str, *labels: str) -> str:
    """A metric of the generator."""
    return _select(metric, "loadtest", labels)


def select_service(metric: str, *labels: str) -> str:
    """A metric of the service."""
    return _select(metric, "service", labels)


def _select(metric: str, job: str, labels: tuple[str, ...]) -> str:
    """A metric of one of Prometheus' jobs, narrowed by matchers such as `outcome="ok"`."""
    matchers = ", ".join((f'job="{job}"', *labels))
    return f"{metric}{{{matchers}}}"


def build_rate(counter: str) -> str:
    """The rate of a counter over the window, summed over all its series."""
    return f"sum(rate({counter}[$window]))"


def build_quantile(quantile: str, buckets: str) -> str:
    """A quantile of a histogram over the window, interpolated within one of its buckets."""
    return f"histogram_quantile({quantile}, sum by (le) (rate({buckets}[$window])))"


def build_mean(histogram: str, *labels: str) -> str:
    """The mean of one of the service's histograms over the window."""
    total, count = select_service(f"{histogram}_sum", *labels), select_service(f"{histogram}_count", *labels)
    return f"{build_rate(total)} / {build_rate(count)}"
