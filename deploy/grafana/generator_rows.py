"""What the load generator tells: how the run stands, the load, the latency, what became of the requests."""

from __future__ import annotations

from typing import Final

from deploy.grafana.panels import Figures, Lines, Row, Series
from deploy.grafana.queries import (
    BLUE,
    CLIENT_LATENCY,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PERCENTILES,
    PURPLE,
    SERVICE_LATENCY,
    SKY,
    VERDICTS,
    VERMILION,
    client,
    quantile,
    rate,
    service,
)

OUTCOMES: Final = {
    "ok": GREEN,
    "shed": ORANGE,
    "timeout": PURPLE,
    "http_5xx": VERMILION,
    "http_4xx": BLUE,
    "refused": "#7d3c69",
    "reset": "#a04d78",
    "dropped": GREY,
    "invalid_reply": "#f0e442",
    "wrong_answer": INK,
    "no_descriptor": "#8c8c8c",
    "no_port": "#b3b3b3",
}
LIMIT: Final = Series("vector($limit / 1000)", "limit", VERMILION, dashed=True)
EVERY: Final = client("loadtest_requests_total")
FINE: Final = client("loadtest_requests_total", 'outcome="ok"')
SENT: Final = client("loadtest_requests_total", 'outcome!="dropped"')
CLIENT_BUCKETS: Final = client(f"{CLIENT_LATENCY}_bucket")
SERVICE_BUCKETS: Final = service(f"{SERVICE_LATENCY}_bucket")


def now() -> Row:
    """What one looks at first."""
    judged = client("loadtest_verdict_timestamp_seconds")
    latest = Series(
        f"topk(1, last_over_time({judged}[$__range]))",
        "{{verdict}} · {{scenario}}",
        colours={f"/^{word}/": colour for word, colour in VERDICTS.items()},
    )
    return Row(
        "Now",
        [
            Figures(
                "Latest verdict",
                "The word that the latest run of the time range ended with, and its scenario. There is none "
                "before a run has been judged.",
                "none",
                [latest],
                width=6,
                by_name=True,
            ),
            Figures(
                "Users",
                "Simulated users at present; none in the open model, where arrivals wait for nobody.",
                "none",
                [Series(f"sum({client('loadtest_users')})", "users", GREY)],
                width=3,
            ),
            Figures(
                "Sent",
                "Requests that leave the generator a second.",
                "reqps",
                [Series(rate(SENT), "sent", ORANGE)],
                width=3,
                decimals=1,
            ),
            Figures(
                "Not ok",
                "Share of requests whose outcome is any other than ok.",
                "percentunit",
                [Series(f"1 - {rate(FINE)} / {rate(EVERY)}", "not ok")],
                width=4,
                decimals=2,
                alarm_from=0.0001,
                alarm=VERMILION,
            ),
            Figures(
                "p99, client",
                "99 of 100 successful replies are whole within this time from their intended start.",
                "s",
                [Series(quantile("0.99", CLIENT_BUCKETS), "p99 client")],
                width=4,
            ),
            Figures(
                "p99, service",
                "The same as the service sees it: from a request's head to its reply.",
                "s",
                [Series(quantile("0.99", SERVICE_BUCKETS), "p99 service")],
                width=4,
            ),
        ],
    )


def load() -> Row:
    """What was asked for, and what was done."""
    planned = f"sum({client('loadtest_planned_requests_per_second')})"
    return Row(
        "Load",
        [
            Lines(
                "Requests a second: planned, sent, answered",
                "Planned and sent lie on each other while the generator keeps up; users who think have no "
                "planned rate. Answered is the service's own count of prediction requests: it lies below "
                "sent where requests are refused or lost.",
                "reqps",
                [
                    Series(planned, "planned", GREY, dashed=True, stepped=True),
                    Series(rate(SENT), "sent", ORANGE),
                    Series(rate(service(f"{SERVICE_LATENCY}_count")), "answered", PURPLE),
                ],
                width=12,
            ),
            Lines(
                "Users, and requests in flight",
                "In the closed model each user waits for its reply, so that no more requests are in flight "
                "than there are users. In the open model they pile up when replies slow down.",
                "none",
                [
                    Series(f"sum({client('loadtest_users')})", "users", GREY, stepped=True),
                    Series(f"sum({client('loadtest_in_flight_requests')})", "in flight", ORANGE),
                ],
                width=12,
            ),
        ],
    )


def latency() -> Row:
    """How long it took, on both sides of the network, and how late the generator was."""
    late = client("loadtest_lateness_seconds_bucket")
    sides = (("client", CLIENT_BUCKETS), ("service", SERVICE_BUCKETS))
    percentiles = [
        Series(quantile(share, buckets), f"{name} {side}", colour, dashed=side == "service")
        for side, buckets in sides
        for share, (name, colour) in PERCENTILES.items()
    ]
    return Row(
        "Latency",
        [
            Lines(
                "Latency: client and service",
                "Solid lines are the client's, from the intended start to the last byte; dashed ones the "
                "service's, from a request's head to its reply. Between them lie the network, the queue in "
                "front of the service, and the client itself. Quantiles are interpolated within a bucket of "
                "a histogram; the report's come from the requests themselves. The limit is the variable "
                "above.",
                "s",
                [*percentiles, LIMIT],
                width=16,
                height=10,
            ),
            Lines(
                "Lateness of the generator",
                "How much later than intended requests were sent. Where p99 stays above 20 ms the generator "
                "is too slow itself: the run is judged invalid, and the service isn't blamed. In the closed "
                "model requests are never late; what one sees is the histogram's first bucket, 0.1 ms.",
                "s",
                [Series(quantile("0.5", late), "p50", SKY), Series(quantile("0.99", late), "p99", INK)],
                width=8,
                height=10,
            ),
        ],
    )


def outcomes() -> Row:
    """What became of the requests, on both sides."""
    by_outcome = f"sum by (outcome) (rate({EVERY}[$window])) > 0"
    failed = rate(service("http_requests_total", 'handler=~".*/prediction(/batch)?"', 'status="500"'))
    none_failed = '0 * sum(up{job="service"})'
    return Row(
        "Outcomes",
        [
            Lines(
                "What became of the requests",
                "Requests a second by outcome, one upon another. `shed` was turned away politely (503 with "
                "Retry-After); `dropped` was never sent, for too many were in flight.",
                "reqps",
                [Series(by_outcome, "{{outcome}}", colours=OUTCOMES)],
                width=12,
                stacked=True,
            ),
            Lines(
                "What the service refused, missed or failed",
                "503: refused, for too many predictions waited. 504: no prediction within the deadline. "
                "500: the model failed. Nothing but zero is what one wants to see.",
                "reqps",
                [
                    Series(rate(service("inference_queue_rejections_total")), "503 refused", ORANGE),
                    Series(rate(service("inference_request_timeouts_total")), "504 too late", PURPLE),
                    Series(f"{failed} or {none_failed}", "500 failed", VERMILION),
                ],
                width=12,
                reach=1,
            ),
        ],
    )
