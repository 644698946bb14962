"""Rows about the service: queue and batches, its machine, single requests against batches."""

from __future__ import annotations

from typing import Final

from deploy.grafana.panel_queries import PanelQuery
from deploy.grafana.panels import DashboardRow, TimeSeriesPanel
from deploy.grafana.queries import (
    BLUE,
    CLIENT_LATENCY,
    INK,
    ORANGE,
    PERCENTILE_LINES,
    PURPLE,
    SKY,
    VERMILION,
    build_mean,
    build_quantile,
    build_rate,
    select_client,
    select_service,
)

SINGLE_MATCHERS: Final = ('endpoint!~".*batch.*"', 'handler=~".*/prediction"')
BATCH_MATCHERS: Final = ('endpoint=~".*batch.*"', 'handler=~".*/prediction/batch"')
"""Matchers of each form of request: in the generator's metrics, in the service's metrics."""
DEPLOYMENT_MATCHERS: Final = 'namespace="model-services", deployment="insurance-charges-model-deployment"'
"""The service in Kubernetes; the load test is in the same namespace."""


def build_inside_row() -> DashboardRow:
    """Queue, batches and calls of the model."""
    size = select_service("inference_batch_size_bucket")
    call = select_service("inference_batch_latency_seconds_bucket")
    waiting, limit = select_service("inference_queue_depth"), select_service("inference_queue_limit")
    return DashboardRow(
        "Inside the service",
        [
            TimeSeriesPanel(
                "Queue depth",
                "Predictions that wait, in the replica where most do. At the limit further requests are "
                "refused with 503. The limit follows the measured drain rate: it falls when the service "
                "slows down.",
                "none",
                [
                    PanelQuery(f"max({waiting})", "waiting", PURPLE),
                    PanelQuery(f"min({limit})", "limit", VERMILION, dashed=True),
                ],
                width=8,
            ),
            TimeSeriesPanel(
                "Rows in a batch",
                "Rows that one call of the model answers. Batches grow with the load by themselves; at one "
                "row nothing is shared.",
                "none",
                [
                    PanelQuery(build_mean("inference_batch_size"), "mean", PURPLE),
                    PanelQuery(build_quantile("0.95", size), "p95", BLUE),
                ],
                width=8,
            ),
            TimeSeriesPanel(
                "Duration of a call of the model",
                "How long one call takes, whatever number of rows it answers.",
                "s",
                [
                    PanelQuery(build_quantile("0.5", call), "p50", SKY),
                    PanelQuery(build_quantile("0.99", call), "p99", INK),
                ],
                width=8,
            ),
        ],
    )


def build_machine_row() -> DashboardRow:
    """Processor, memory and replicas of the service."""
    cores = f"sum by (instance) (rate({select_service('process_cpu_seconds_total')}[$window]))"
    memory = f"sum by (instance) ({select_service('process_resident_memory_bytes')})"
    deployed = f"sum(kube_deployment_status_replicas{{{DEPLOYMENT_MATCHERS}}})"
    return DashboardRow(
        "The service's machine",
        [
            TimeSeriesPanel(
                "Processor",
                "Cores that each instance keeps busy. One Python process has no more than one; near 1 it is "
                "at its limit. A service of several workers doesn't report it.",
                "none",
                [PanelQuery(cores, "{{instance}}", PURPLE)],
                width=8,
                decimals=2,
            ),
            TimeSeriesPanel(
                "Memory",
                "Resident memory of each instance. If it only rises, run the scenario soak.",
                "bytes",
                [PanelQuery(memory, "{{instance}}", PURPLE)],
                width=8,
            ),
            TimeSeriesPanel(
                "Replicas",
                "From kube-state-metrics, if it is there; otherwise the instances that Prometheus reaches.",
                "none",
                [PanelQuery(f'{deployed} or sum(up{{job="service"}})', "replicas", PURPLE, stepped=True)],
                width=8,
                decimals=0,
            ),
        ],
    )


def build_comparison_row() -> DashboardRow:
    """Single requests and batches, side by side."""
    fine, rows = 'outcome="ok"', build_rate(select_client("loadtest_rows_total"))
    answered = build_rate(select_client("loadtest_requests_total", SINGLE_MATCHERS[0], fine))
    pairs = zip(
        _build_form_panels("Single", *SINGLE_MATCHERS, rows=answered),
        _build_form_panels("Batch", *BATCH_MATCHERS, rows=f"{rows} - ({answered} or 0 * {rows})"),
        strict=True,
    )
    return DashboardRow("Single against batch", [panel for pair in pairs for panel in pair])


def _build_form_panels(name: str, endpoint: str, handler: str, rows: str) -> list[TimeSeriesPanel]:
    """Requests, rows and latency of one form of request."""
    buckets = select_client(f"{CLIENT_LATENCY}_bucket", endpoint)
    mean = build_mean("http_request_duration_seconds", handler)
    return [
        TimeSeriesPanel(
            f"{name}: requests a second",
            "Recorded by the generator for endpoints whose name has, or has not, `batch` in it; dashed, as "
            "the service counts them by path.",
            "reqps",
            [
                PanelQuery(build_rate(select_client("loadtest_requests_total", endpoint)), "client", ORANGE),
                PanelQuery(
                    build_rate(select_service("http_request_duration_seconds_count", handler)),
                    "service",
                    PURPLE,
                    dashed=True,
                ),
            ],
            width=12,
        ),
        TimeSeriesPanel(
            f"{name}: rows a second",
            "Predictions in successful replies. The rows of a batch share the cost of one request.",
            "rowsps",
            [PanelQuery(rows, "rows", ORANGE)],
            width=12,
        ),
        TimeSeriesPanel(
            f"{name}: latency",
            "Of a request, not of a row: the rows of a batch wait for each other. Dashed, the mean that the "
            "service reports for the path.",
            "s",
            [
                *(
                    PanelQuery(build_quantile(share, buckets), f"{percentile} client", colour)
                    for share, (percentile, colour) in PERCENTILE_LINES.items()
                ),
                PanelQuery(mean, "mean service", PURPLE, dashed=True),
            ],
            width=12,
        ),
    ]
