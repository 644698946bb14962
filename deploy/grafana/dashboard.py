"""The dashboard of a load test: `python -m deploy.grafana.dashboard` writes dashboards/load-test.json.

Its panels ask for the metrics of docs/service.md under the Prometheus job `service`, and for the
generator's own under `loadtest`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from deploy.grafana import generator_rows, outcome_row, service_rows
from deploy.grafana.panel_queries import DATASOURCE, Json
from deploy.grafana.panels import arrange_rows
from deploy.grafana.queries import GREY, VERDICT_COLOURS, select_client

DASHBOARD_FILE: Final = Path(__file__).parent / "dashboards" / "load-test.json"
WINDOWS: Final = ("20s", "30s", "1m", "2m", "5m", "10m")
LIMITS_MS: Final = ("20", "50", "100", "200", "500", "1000")


def build_variables() -> list[Json]:
    """The variables at the top of the dashboard."""
    return [
        {
            "name": "datasource",
            "label": "Prometheus",
            "type": "datasource",
            "query": "prometheus",
            "current": {"text": "Prometheus", "value": "prometheus"},
        },
        _build_choice("window", "window", "interval", WINDOWS, "30s"),
        _build_choice("limit", "latency limit, ms", "custom", LIMITS_MS, "100"),
    ]


def _build_choice(name: str, label: str, kind: str, values: tuple[str, ...], chosen: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": kind,
        "query": ",".join(values),
        "options": [{"text": each, "value": each, "selected": each == chosen} for each in values],
        "current": {"text": chosen, "value": chosen},
    }


def build_annotations() -> list[Json]:
    """Each run as a region, and its verdict as a mark at the moment it was reached.

    A process that ends is scraped once after its verdict. Grafana asks for a few hundred moments of the time
    range only, so the query looks back over the whole range.
    """
    info, running = select_client("loadtest_run_info"), select_client("loadtest_running")
    verdicts = [
        _build_annotation(
            f"Verdict: {word}",
            f"1000 * last_over_time({_select_verdicts(word)}[$__range])",
            colour,
            "{{scenario}}, {{run}}",
            at_value=True,
        )
        for word, colour in VERDICT_COLOURS.items()
    ]
    return [
        _build_annotation(
            "Run", f"{info} * on (instance) group_left () {running}", GREY, "{{scenario}}, {{run}}"
        ),
        *verdicts,
    ]


def _select_verdicts(word: str) -> str:
    return select_client("loadtest_verdict_timestamp_seconds", f'verdict="{word}"')


def _build_annotation(name: str, expression: str, colour: str, text: str, at_value: bool = False) -> Json:
    """An annotation where a query is above zero or, `at_value`, at its value in ms since 1970."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": colour,
        "target": {"refId": "Anno", "expr": expression, "interval": "5s"},
        "titleFormat": name,
        "textFormat": text,
        "tagKeys": "scenario,verdict",
        "useValueForTime": at_value,
    }


def build_dashboard() -> Json:
    """The whole dashboard, as Grafana reads it."""
    rows = [
        generator_rows.build_status_row(),
        generator_rows.build_load_row(),
        generator_rows.build_latency_row(),
        outcome_row.build_outcome_row(),
        service_rows.build_inside_row(),
        service_rows.build_machine_row(),
        service_rows.build_comparison_row(),
    ]
    return {
        "uid": "load-test",
        "title": "Load test",
        "description": "A load test as it runs: the load, the latency on both sides, and what limits it.",
        "tags": ["load test"],
        "schemaVersion": 41,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": build_variables()},
        "annotations": {"list": build_annotations()},
        "panels": arrange_rows(rows),
    }


def format_dashboard() -> str:
    """The content of the dashboard's file."""
    return json.dumps(build_dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DASHBOARD_FILE.write_text(format_dashboard(), encoding="utf-8")
