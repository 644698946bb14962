"""`python -m reports prometheus`: print what Prometheus scraped of the service beside a run's own figures."""

from __future__ import annotations

import re
import shutil
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from reports.data.folder import read_run
from reports.data.quantities import format_duration
from reports.prometheus.compare import LATENCY, count_scraped, find_time_range, summarise_load_test
from reports.prometheus.comparison_text import format_comparison
from reports.prometheus.series import PrometheusError, TimeRange

if TYPE_CHECKING:
    from reports.prometheus.api import PrometheusClient

RANGE_S = 120.0
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_prometheus_arguments(parser: ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--url", default="http://127.0.0.1:9090", help="the Prometheus (default: %(default)s)"
    )
    parser.add_argument(
        "--run", type=Path, metavar="FOLDER", help="compare with this run, such as results/latest"
    )
    parser.add_argument(
        "--range",
        type=_parse_seconds,
        metavar="TIME",
        help="the time until now, such as 90s or 2m (default: the run's own time; without --run 2m)",
    )
    parser.add_argument(
        "--job", default="service", help="Prometheus' job of the service (default: %(default)s)"
    )


def show_prometheus(options: Namespace) -> None:
    """Print the comparison; PrometheusError or FolderError if there is nothing to compare."""
    from reports.prometheus.api import PrometheusClient  # imports requests, which no other command needs

    prometheus = PrometheusClient(options.url)
    run = None if options.run is None else read_run(options.run)
    if run is not None and options.range is None:
        time_range = find_time_range(run)
        scraped = prometheus.fetch_during(time_range, options.job)
        when = "during the run"
    else:
        length_s = options.range or RANGE_S
        time_range = TimeRange()
        scraped = prometheus.fetch_latest(length_s, options.job)
        when = f"in the last {format_duration(length_s)}"
    counted = count_scraped(scraped, time_range)
    if counted is None:
        raise PrometheusError(_explain_absence(prometheus, options.job, when))
    own = None if run is None else summarise_load_test(run)
    print(format_comparison(counted, time_range, own, shutil.get_terminal_size((100, 24)).columns))


def _explain_absence(prometheus: PrometheusClient, job: str, when: str) -> str:
    """Why nothing was found, and what to do."""
    jobs = prometheus.fetch_jobs()
    if job in jobs:
        return (
            f"Prometheus at {prometheus.url} has no two scrapes of the service {when}. "
            "Was it running then? A longer --range may help."
        )
    if jobs:
        return (
            f"Prometheus at {prometheus.url} knows the service not as job {job!r}, but as "
            f"{', '.join(map(repr, jobs))}: name it with --job."
        )
    return (
        f"Prometheus at {prometheus.url} knows no {LATENCY}: it has never scraped the service, or it is one "
        "that doesn't tell it, such as stock rest_model_service. deploy/prometheus/local.yml scrapes one on "
        "this machine."
    )


def _parse_seconds(text: str) -> float:
    parts = re.findall(r"(\d+)([smhd])", text)
    length_s = sum(int(count) * _UNITS_S[unit] for count, unit in parts)
    if "".join(count + unit for count, unit in parts) != text or not length_s:
        raise ArgumentTypeError(f"{text!r} is no length of time; give one like 90s, 2m or 1h30m")
    return float(length_s)
