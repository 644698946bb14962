"""A real Prometheus, with the committed configuration, saw what a run recorded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from reports.data.folder import read_run
from reports.data.run import Run

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
GROUPS = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]
RECORDED = [rule["record"] for group in GROUPS for rule in group["rules"]]
LATENCY = "service:inference_request_latency_seconds"


@pytest.fixture
def run(observed: Any) -> Run:
    """The run that Prometheus saw."""
    return read_run(observed.folder)


def ends(series: list[dict[str, Any]], *labels: str) -> dict[tuple[str, ...], float]:
    """The last value of each series, by its labels."""
    return {tuple(each["metric"][name] for name in labels): each["values"][-1][1] for each in series}


@pytest.mark.parametrize("record", RECORDED)
def test_each_recording_rule_computes(observed: Any, record: str) -> None:
    (series,) = observed.series(record)
    at_most = max(value for _, value in series["values"])
    if any(word in record for word in ("rejections", "timeouts", "errors")):
        assert at_most == 0
    else:
        assert at_most > 0 or "queue" in record, "a queue may be empty at each scrape"


def test_percentiles_are_recorded_in_order_and_throughput_is_that_of_the_run(observed: Any, run: Run) -> None:
    """At the end of the run, which the last minute encloses."""
    names = [
        *(f"{LATENCY}:{each}_1m" for each in ("p50", "p95", "p99")),
        "service:inference_requests:rate_1m",
    ]
    p50, p95, p99, rate = (ends(observed.series(name))[()] for name in names)
    assert 0 < p50 < p95 <= p99
    assert 0 < rate <= 1.5 * len(run.samples) / run.elapsed_s


def test_the_generators_counts_are_those_of_the_samples(observed: Any, run: Run) -> None:
    """Exactly: the generator stayed until it had been scraped once more."""
    told = ends(observed.series('loadtest_requests_total{job="loadtest"}'), "endpoint", "outcome")
    for endpoint in ("prediction", "batch"):
        rows = run.samples.endpoint.equal(endpoint)
        assert told[endpoint, "ok"] == np.count_nonzero(rows & run.samples.ok) > 0
    assert sum(told.values()) == len(run.samples)
    assert ends(observed.series("loadtest_rows_total"))[()] == run.samples.rows[run.samples.ok].sum()
    assert max(value for _, value in observed.series("loadtest_users")[0]["values"]) == 12
    verdict = ends(observed.series("loadtest_verdict"), "run", "scenario", "verdict")
    assert verdict == {(observed.folder.name, "both", observed.verdict["verdict"]): 1}


def print_of(observed: Any, *more: str) -> str:
    """What `python -m reports prometheus` prints of it."""
    command = [sys.executable, "-m", "reports", "prometheus", "--url", observed.url, "--run", observed.folder]
    done = subprocess.run(
        [*command, *more], cwd=ROOT, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def told(observed: Any) -> str:
    """What it prints of the run's own time."""
    return print_of(observed)


def test_of_another_time_than_the_runs_rates_are_each_by_their_own(observed: Any, run: Run) -> None:
    """Of all scrapes there are: from before the run until after it."""
    told = print_of(observed, "--range", "1h")
    began, ended = re.findall(r"\d\d:\d\d:\d\d", told)[:2]
    (count,) = re.findall(r"^answered +([\d,]+)", told, re.MULTILINE)
    ((theirs, ours),) = re.findall(
        r"^throughput +([\d.]+) requests/s +([\d.]+) requests/s", told, re.MULTILINE
    )
    asked_s = (datetime.strptime(ended, "%H:%M:%S") - datetime.strptime(began, "%H:%M:%S")).seconds
    assert float(theirs) == pytest.approx(int(count.replace(",", "")) / asked_s, rel=2 / asked_s)
    assert float(ours) == pytest.approx(len(run.samples) / run.elapsed_s, rel=0.05)
    assert asked_s > 1.2 * run.elapsed_s, "another time indeed"
    assert "leave --range out to ask for the run's." in told


def test_both_sides_count_the_same_requests(told: str, run: Run) -> None:
    """Warm-up, both endpoints, first and last request: none is missed between the scrapes."""
    assert "1 instance of the service, from " in told
    assert "Both counted the same requests." in told
    count = f"{len(run.samples):,}"
    assert re.search(rf"^answered +{count} +{count} +0$", told, re.MULTILINE), told
    assert re.search(r"^refused \(503\) +0 +0 +0$", told, re.MULTILINE), told
    assert "scrape came" not in told


def test_the_services_percentiles_are_below_the_clients(told: str) -> None:
    """What the client measured contains what the service did."""
    rows = re.findall(
        r"^p\d+ latency +([\d.]+) ms +(\S+ to \S+|above \S+) ms +([\d.]+) ms", told, re.MULTILINE
    )
    assert len(rows) == 3, told
    for service_ms, bucket, client_ms in rows:
        low_ms = float(bucket.split()[0].removeprefix("above"))
        assert low_ms <= float(service_ms)
        assert low_ms < float(client_ms)
