"""Prometheus' figures stand beside the load test's own, and their differences are explained."""

from __future__ import annotations

import math
from dataclasses import replace

from reports.prometheus.compare import LoadTestFigures, ScrapedFigures
from reports.prometheus.comparison_text import format_comparison
from reports.prometheus.counters import BucketQuantile
from reports.prometheus.series import TimeRange

SEEN = ScrapedFigures(
    quantiles=(
        BucketQuantile(0.0012, 0.001, 0.0015),
        BucketQuantile(0.004, 0.003, 0.005),
        BucketQuantile(0.01, 0.01, math.inf),
    ),
    answered=1000,
    refused=0,
    late=0,
    first_s=1_800_000_000.0,
    last_s=1_800_000_020.0,
    instances=2,
)
OWN = LoadTestFigures((0.0014, 0.0091, 0.02), answered=1000, refused=0, late=0, unanswered=0, duration_s=20.0)


DURING = TimeRange(1_800_000_000.0, 1_800_000_020.0)


def told(seen: ScrapedFigures = SEEN, own: LoadTestFigures | None = OWN, window: TimeRange = DURING) -> str:
    return " ".join(format_comparison(seen, window, own, 100).split())


class TestWords:
    def test_the_table_stands_in_columns(self) -> None:
        lines = format_comparison(SEEN, DURING, OWN, 100).splitlines()
        assert lines[0] == "2 instances of the service, from 08:00:00 to 08:00:20 UTC (20 s)"
        assert " ".join(lines[2].split()) == "service bucket load test difference"
        assert " ".join(lines[3].split()) == "p50 latency 1.2 ms 1 to 1.5 ms 1.4 ms +0.2 ms"
        assert " ".join(lines[5].split()) == "p99 latency 10 ms above 10 ms 20 ms +10 ms"
        assert " ".join(lines[9].split()) == "throughput 50 requests/s 50 requests/s 0 requests/s"
        assert max(map(len, lines)) <= 100
        assert len({len(line) for line in lines[3:6]}) == 1, "figures end in one column"

    def test_a_difference_within_the_bucket_is_none(self) -> None:
        assert "p50 and p99: both lie in one bucket, so no difference can be told." in told()
        assert "p95: the load test's lies 4.1 ms above the bucket" in told()

    def test_counts_that_differ_are_explained(self) -> None:
        assert "Both counted the same requests." in told()
        fewer = LoadTestFigures(OWN.quantiles_s, 990, 0, 0, 0, 20.0)
        assert (
            "The service answered 10 requests more than the load test was answered: it was asked by"
            in told(own=fewer)
        )
        given_up = LoadTestFigures(OWN.quantiles_s, 990, 0, 0, 4, 20.0)
        assert "or answered some of the 4 that the load test gave up on." in told(own=given_up)
        more = LoadTestFigures(OWN.quantiles_s, 1001, 0, 0, 0, 20.0)
        assert "1 request fewer than the load test was answered" in told(own=more)

    def test_scrapes_that_do_not_reach_around_the_run_are_told(self) -> None:
        text = told(window=TimeRange(1_799_999_996.0, 1_800_000_023.0))
        assert "The first scrape came 4 s after the run's beginning" in text
        assert "The last scrape came 3 s before the run's end" in text

    def test_another_time_than_the_runs_is_told(self) -> None:
        assert "leave --range out to ask for the run's." in told(window=TimeRange())
        assert "--range" not in told()

    def test_throughput_is_each_sides_by_its_own_time(self) -> None:
        """Prometheus is asked for ten minutes; the run lasted 20 s of them."""
        seen = replace(SEEN, answered=6000, last_s=SEEN.first_s + 600)
        text = told(seen, replace(OWN, answered=200), TimeRange())
        assert "throughput 10 requests/s 10 requests/s 0 requests/s" in text
        assert "asked by others" not in text, "another time explains the counts"
        text = told(replace(seen, answered=12000), replace(OWN, answered=200), TimeRange())
        assert "throughput 20 requests/s 10 requests/s −10 requests/s" in text

    def test_throughput_during_a_run_is_by_the_part_of_it_that_was_scraped(self) -> None:
        """Scrapes that enclose the run count what happened within; those that don't, what they saw."""
        around = replace(SEEN, first_s=SEEN.first_s - 5, last_s=SEEN.last_s + 5)
        assert "throughput 50 requests/s 50 requests/s 0 requests/s" in told(around)
        half = replace(SEEN, answered=500, first_s=SEEN.first_s + 10)
        assert "throughput 50 requests/s 50 requests/s 0 requests/s" in told(half)

    def test_a_run_that_ended_at_once_has_no_throughput(self) -> None:
        assert "throughput 50 requests/s – –" in told(own=replace(OWN, duration_s=0.0), window=TimeRange())

    def test_without_a_run_there_is_one_column_and_its_own_time(self) -> None:
        text = told(own=None, window=TimeRange())
        assert "load test" not in text
        assert "throughput 50 requests/s" in text
