"""The row about outcomes: what became of the requests, as client and service count them."""

from __future__ import annotations

from typing import Final

from deploy.grafana.panel_queries import PanelQuery
from deploy.grafana.panels import DashboardRow, TimeSeriesPanel
from deploy.grafana.queries import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILION,
    build_rate,
    select_client,
    select_service,
)

OUTCOME_COLOURS: Final = {
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
    "expired_credential": "#d9d9d9",
}


def build_outcome_row() -> DashboardRow:
    """The outcomes of the requests, as client and service count them."""
    by_outcome = f"sum by (outcome) (rate({select_client('loadtest_requests_total')}[$window])) > 0"
    predictions = 'handler=~".*/prediction(/batch)?"'
    failed = build_rate(select_service("http_requests_total", predictions, 'status="500"'))
    refused = build_rate(select_service("inference_queue_rejections_total"))
    too_late = build_rate(select_service("inference_request_timeouts_total"))
    none_failed = '0 * sum(up{job="service"})'
    return DashboardRow(
        "Outcomes",
        [
            TimeSeriesPanel(
                "What became of the requests",
                "Requests a second by outcome, stacked. `shed` was refused with 503 and Retry-After; "
                "`dropped` was never sent, because too many requests were in flight.",
                "reqps",
                [PanelQuery(by_outcome, "{{outcome}}", colours=OUTCOME_COLOURS)],
                width=12,
                stacked=True,
            ),
            TimeSeriesPanel(
                "What the service refused, missed or failed",
                "503: refused, because too many predictions waited. 504: no prediction within the deadline. "
                "500: the model failed. All three should stay at zero.",
                "reqps",
                [
                    PanelQuery(refused, "503 refused", ORANGE),
                    PanelQuery(too_late, "504 too late", PURPLE),
                    PanelQuery(f"{failed} or {none_failed}", "500 failed", VERMILION),
                ],
                width=12,
                minimum_maximum=1,
            ),
        ],
    )
