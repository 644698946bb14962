"""The dashboard of a load test: `python -m deploy.grafana.dashboard` writes dashboards/load-test.json.

Its panels ask for the metrics of docs/service.md under the Prometheus job `service`, and for the
generator's own under `loadtest`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from deploy.grafana import generator_rows, service_rows
from deploy.grafana.panels import DATASOURCE, Json, arranged
from deploy.grafana.queries import GREY, VERDICTS, client

PATH: Final = Path(__file__).parent / "dashboards" / "load-test.json"


def variables() -> list[Json]:
    """What one can choose at the top."""
    return [
        {
            "name": "datasource",
            "label": "Prometheus",
            "type": "datasource",
            "query": "prometheus",
            "current": {"text": "Prometheus", "value": "prometheus"},
        },
        _choice("window", "window", "interval", ("20s", "30s", "1m", "2m", "5m", "10m"), "30s"),
        _choice("limit", "latency limit, ms", "custom", ("20", "50", "100", "200", "500", "1000"), "100"),
    ]


def _choice(name: str, label: str, kind: str, values: tuple[str, ...], chosen: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": kind,
        "query": ",".join(values),
        "options": [{"text": each, "value": each, "selected": each == chosen} for each in values],
        "current": {"text": chosen, "value": chosen},
    }


def events() -> list[Json]:
    """Each run as a region, and its verdict as a mark at the moment it was reached.

    A process that ends is scraped once after its verdict, while Grafana asks for some hundred moments of the
    time range only: so the whole range is looked back upon.
    """
    run = f"{client('loadtest_run_info')} * on (instance) group_left () {client('loadtest_running')}"
    verdicts = [
        _annotation(
            f"Verdict: {word}",
            f"1000 * last_over_time({_judged(word)}[$__range])",
            colour,
            "{{scenario}}, {{run}}",
            at_value=True,
        )
        for word, colour in VERDICTS.items()
    ]
    return [_annotation("Run", run, GREY, "{{scenario}}, {{run}}"), *verdicts]


def _judged(word: str) -> str:
    return client("loadtest_verdict_timestamp_seconds", f'verdict="{word}"')


def _annotation(name: str, expression: str, colour: str, text: str, at_value: bool = False) -> Json:
    """A query for events; they are where it is above zero or, `at_value`, when it says, in ms since 1970."""
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


def dashboard() -> Json:
    """The whole dashboard, as Grafana reads it."""
    rows = [
        generator_rows.now(),
        generator_rows.load(),
        generator_rows.latency(),
        generator_rows.outcomes(),
        service_rows.inside(),
        service_rows.machine(),
        service_rows.single_against_batch(),
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
        "templating": {"list": variables()},
        "annotations": {"list": events()},
        "panels": arranged(rows),
    }


def text() -> str:
    """The content of the file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
