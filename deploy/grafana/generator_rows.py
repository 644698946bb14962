"""Rows about the load generator: the state of the run, the load, the latency."""

from __future__ import annotations

from typing import Final

from deploy.grafana.panel_queries import PanelQuery
from deploy.grafana.panels import DashboardRow, StatPanel, TimeSeriesPanel
from deploy.grafana.queries import (
    CLIENT_LATENCY,
    GREY,
    INK,
    ORANGE,
    PERCENTILE_LINES,
    PURPLE,
    SERVICE_LATENCY,
    SKY,
    VERDICT_COLOURS,
    VERMILION,
    build_quantile,
    build_rate,
    select_client,
    select_service,
)

LIMIT_LINE: Final = PanelQuery("vector($limit / 1000)", "limit", VERMILION, dashed=True)
ALL_REQUESTS: Final = select_client("loadtest_requests_total")
OK_REQUESTS: Final = select_client("loadtest_requests_total", 'outcome="ok"')
SENT_REQUESTS: Final = select_client("loadtest_requests_total", 'outcome!="dropped"')
CLIENT_BUCKETS: Final = select_client(f"{CLIENT_LATENCY}_bucket")
SERVICE_BUCKETS: Final = select_service(f"{SERVICE_LATENCY}_bucket")


def build_status_row() -> DashboardRow:
    """The figures to look at first."""
    judged = select_client("loadtest_verdict_timestamp_seconds")
    latest = PanelQuery(
        f"topk(1, last_over_time({judged}[$__range]))",
        "{{verdict}} · {{scenario}}",
        colours={f"/^{word}/": colour for word, colour in VERDICT_COLOURS.items()},
    )
    return DashboardRow(
        "Now",
        [
            StatPanel(
                "Latest verdict",
                "The verdict of the latest run in the time range, and its scenario. There is none before a "
                "run has been judged.",
                "none",
                [latest],
                width=6,
                by_name=True,
            ),
            StatPanel(
                "Users",
                "Simulated users at present; none in the open model, where no user waits for a reply.",
                "none",
                [PanelQuery(f"sum({select_client('loadtest_users')})", "users", GREY)],
                width=3,
            ),
            StatPanel(
                "Sent",
                "Requests that leave the generator a second.",
                "reqps",
                [PanelQuery(build_rate(SENT_REQUESTS), "sent", ORANGE)],
                width=3,
                decimals=1,
            ),
            StatPanel(
                "Not ok",
                "Share of requests whose outcome is any other than ok.",
                "percentunit",
                [PanelQuery(f"1 - {build_rate(OK_REQUESTS)} / {build_rate(ALL_REQUESTS)}", "not ok")],
                width=4,
                decimals=2,
                alarm_from=0.0001,
                alarm=VERMILION,
            ),
            StatPanel(
                "p99, client",
                "99 of 100 successful replies are complete within this time after their intended start.",
                "s",
                [PanelQuery(build_quantile("0.99", CLIENT_BUCKETS), "p99 client")],
                width=4,
            ),
            StatPanel(
                "p99, service",
                "The same as the service sees it: from a request's head to its reply.",
                "s",
                [PanelQuery(build_quantile("0.99", SERVICE_BUCKETS), "p99 service")],
                width=4,
            ),
        ],
    )


def build_load_row() -> DashboardRow:
    """The load that was planned, and what became of it."""
    planned = f"sum({select_client('loadtest_planned_requests_per_second')})"
    return DashboardRow(
        "Load",
        [
            TimeSeriesPanel(
                "Requests a second: planned, sent, answered",
                "Planned and sent are the same line while the generator keeps up; users who think have no "
                "planned rate. Answered is the service's count of prediction requests: it is below sent "
                "where requests are refused or lost.",
                "reqps",
                [
                    PanelQuery(planned, "planned", GREY, dashed=True, stepped=True),
                    PanelQuery(build_rate(SENT_REQUESTS), "sent", ORANGE),
                    PanelQuery(build_rate(select_service(f"{SERVICE_LATENCY}_count")), "answered", PURPLE),
                ],
                width=12,
            ),
            TimeSeriesPanel(
                "Users, and requests in flight",
                "In the closed model each user waits for its reply, so that no more requests are in flight "
                "than there are users. In the open model they pile up when replies slow down.",
                "none",
                [
                    PanelQuery(f"sum({select_client('loadtest_users')})", "users", GREY, stepped=True),
                    PanelQuery(f"sum({select_client('loadtest_in_flight_requests')})", "in flight", ORANGE),
                ],
                width=12,
            ),
        ],
    )


def build_latency_row() -> DashboardRow:
    """Latency as client and service measure it, and the lateness of the generator."""
    late = select_client("loadtest_lateness_seconds_bucket")
    sides = (("client", CLIENT_BUCKETS), ("service", SERVICE_BUCKETS))
    percentiles = [
        PanelQuery(build_quantile(share, buckets), f"{name} {side}", colour, dashed=side == "service")
        for side, buckets in sides
        for share, (name, colour) in PERCENTILE_LINES.items()
    ]
    return DashboardRow(
        "Latency",
        [
            TimeSeriesPanel(
                "Latency: client and service",
                "Solid lines are the client's, from the intended start to the last byte; dashed ones the "
                "service's, from a request's head to its reply. The difference is the network, the queue in "
                "front of the service, and the client itself. Quantiles are interpolated within a bucket of "
                "a histogram; the report's come from the requests themselves. The limit is the variable "
                "above.",
                "s",
                [*percentiles, LIMIT_LINE],
                width=16,
                height=10,
            ),
            TimeSeriesPanel(
                "Lateness of the generator",
                "How much later than intended requests were sent. Where p99 stays above 20 ms the generator "
                "is too slow itself: the run is judged invalid, and the service isn't blamed. In the closed "
                "model requests are never late; the graph shows the histogram's first bucket, 0.1 ms.",
                "s",
                [
                    PanelQuery(build_quantile("0.5", late), "p50", SKY),
                    PanelQuery(build_quantile("0.99", late), "p99", INK),
                ],
                width=8,
                height=10,
            ),
        ],
    )
