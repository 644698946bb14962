"""What the service tells: queue and batches, processor, memory and replicas, single against batch."""

from __future__ import annotations

from typing import Final

from deploy.grafana.panels import Lines, Row, Series
from deploy.grafana.queries import (
    BLUE,
    CLIENT_LATENCY,
    INK,
    ORANGE,
    PERCENTILES,
    PURPLE,
    SKY,
    VERMILION,
    client,
    mean,
    quantile,
    rate,
    service,
)

SINGLE: Final = ('endpoint!~".*batch.*"', 'handler=~".*/prediction"')
BATCH: Final = ('endpoint=~".*batch.*"', 'handler=~".*/prediction/batch"')
"""How each form of asking is told apart by the generator, and by the service."""
DEPLOYMENT: Final = 'namespace="model-services", deployment="insurance-charges-model-deployment"'
"""The service's own in Kubernetes; the load test's are in the same namespace."""


def inside() -> Row:
    """Queue, batches and calls of the model."""
    size, call = service("inference_batch_size_bucket"), service("inference_batch_latency_seconds_bucket")
    return Row(
        "Inside the service",
        [
            Lines(
                "Queue depth",
                "Predictions that wait, in the replica where most do. At the limit further requests are "
                "refused with 503. The limit follows the measured drain rate: it falls when the service "
                "slows down.",
                "none",
                [
                    Series(f"max({service('inference_queue_depth')})", "waiting", PURPLE),
                    Series(f"min({service('inference_queue_limit')})", "limit", VERMILION, dashed=True),
                ],
                width=8,
            ),
            Lines(
                "Rows in a batch",
                "Rows that one call of the model answers. Batches grow with the load by themselves; at one "
                "row nothing is shared.",
                "none",
                [
                    Series(mean("inference_batch_size"), "mean", PURPLE),
                    Series(quantile("0.95", size), "p95", BLUE),
                ],
                width=8,
            ),
            Lines(
                "Duration of a call of the model",
                "How long one call takes, whatever number of rows it answers.",
                "s",
                [Series(quantile("0.5", call), "p50", SKY), Series(quantile("0.99", call), "p99", INK)],
                width=8,
            ),
        ],
    )


def machine() -> Row:
    """What the service uses."""
    cores = f"sum by (instance) (rate({service('process_cpu_seconds_total')}[$window]))"
    memory = f"sum by (instance) ({service('process_resident_memory_bytes')})"
    deployed = f"sum(kube_deployment_status_replicas{{{DEPLOYMENT}}})"
    return Row(
        "The service's machine",
        [
            Lines(
                "Processor",
                "Cores that each instance keeps busy. One Python process has no more than one; near 1 it is "
                "at its limit. A service of several workers doesn't tell.",
                "none",
                [Series(cores, "{{instance}}", PURPLE)],
                width=8,
                decimals=2,
            ),
            Lines(
                "Memory",
                "Resident memory of each instance. Where it only rises, the scenario soak tells more.",
                "bytes",
                [Series(memory, "{{instance}}", PURPLE)],
                width=8,
            ),
            Lines(
                "Replicas",
                "As kube-state-metrics tells them where it is there; otherwise the instances that "
                "Prometheus reaches.",
                "none",
                [Series(f'{deployed} or sum(up{{job="service"}})', "replicas", PURPLE, stepped=True)],
                width=8,
                decimals=0,
            ),
        ],
    )


def single_against_batch() -> Row:
    """The two forms of asking, side by side."""
    fine, rows = 'outcome="ok"', rate(client("loadtest_rows_total"))
    answered = rate(client("loadtest_requests_total", SINGLE[0], fine))
    pairs = zip(
        _form("Single", *SINGLE, rows=answered),
        _form("Batch", *BATCH, rows=f"{rows} - ({answered} or 0 * {rows})"),
        strict=True,
    )
    return Row("Single against batch", [panel for pair in pairs for panel in pair])


def _form(name: str, endpoint: str, handler: str, rows: str) -> list[Lines]:
    """Requests, rows and latency of one form."""
    buckets = client(f"{CLIENT_LATENCY}_bucket", endpoint)
    return [
        Lines(
            f"{name}: requests a second",
            "Recorded by the generator for endpoints whose name has, or has not, `batch` in it; dashed, as "
            "the service counts them by path.",
            "reqps",
            [
                Series(rate(client("loadtest_requests_total", endpoint)), "client", ORANGE),
                Series(
                    rate(service("http_request_duration_seconds_count", handler)),
                    "service",
                    PURPLE,
                    dashed=True,
                ),
            ],
            width=12,
        ),
        Lines(
            f"{name}: rows a second",
            "Predictions in successful replies. The rows of a batch share the cost of one request.",
            "rowsps",
            [Series(rows, "rows", ORANGE)],
            width=12,
        ),
        Lines(
            f"{name}: latency",
            "Of a request, not of a row: the rows of a batch wait for each other. Dashed, the mean that the "
            "service tells for the path.",
            "s",
            [
                *(
                    Series(quantile(share, buckets), f"{percentile} client", colour)
                    for share, (percentile, colour) in PERCENTILES.items()
                ),
                Series(mean("http_request_duration_seconds", handler), "mean service", PURPLE, dashed=True),
            ],
            width=12,
        ),
    ]
