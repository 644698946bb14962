"""What Prometheus scraped is counted between the right scrapes, beside what a run measured meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from reports.data.run import Run
from reports.prometheus.compare import (
    LATE,
    LATENCY,
    MARGIN_S,
    PROCESS_START,
    REFUSED,
    count_scraped,
    find_time_range,
    summarise_load_test,
)
from reports.prometheus.counters import BucketQuantile
from reports.prometheus.series import ScrapedSeries, TimeRange


def series(name: str, values: Sequence[float], first_s: float = 1000.0, **labels: str) -> ScrapedSeries:
    """Scrapes five seconds apart."""
    times = tuple(first_s + 5.0 * place for place in range(len(values)))
    return ScrapedSeries(name, {"instance": "a", **labels}, times, tuple(values))


def answered(values: Sequence[float], first_s: float = 1000.0, instance: str = "a") -> ScrapedSeries:
    return series(f"{LATENCY}_count", values, first_s, instance=instance)


class TestCounting:
    def test_the_scrapes_around_the_run_enclose_it(self) -> None:
        """Scrapes at 1000, 1005 ...; the run lasts from 1006 to 1012."""
        seen = count_scraped([answered([1.0, 4.0, 10.0, 20.0, 50.0])], TimeRange(1006.0, 1012.0))
        assert seen is not None
        assert (seen.answered, seen.first_s, seen.last_s) == (20 - 4, 1005.0, 1015.0)

    def test_without_a_window_all_that_was_fetched_counts(self) -> None:
        seen = count_scraped([answered([1.0, 4.0, 10.0])], TimeRange())
        assert seen is not None
        assert (seen.answered, seen.first_s, seen.last_s) == (9, 1000.0, 1010.0)

    def test_replicas_are_added_up(self) -> None:
        scraped = [answered([0.0, 6.0]), answered([100.0, 104.0], instance="b"), series(REFUSED, [1.0, 3.0])]
        seen = count_scraped([*scraped, series(LATE, [0.0, 1.0])], TimeRange())
        assert seen is not None
        assert (seen.answered, seen.refused, seen.late, seen.instances) == (10, 2, 1, 2)

    @pytest.mark.parametrize(
        ("process_start_s", "counted"),
        [(998.0, 50), (1000.0 - MARGIN_S - 10, 40)],
        ids=["for the run", "long before"],
    )
    def test_an_instance_started_for_the_run_counts_from_its_start(
        self, process_start_s: float, counted: float
    ) -> None:
        """The first scrape came at 1002, a second after the run's beginning, and told of ten requests."""
        scraped = [
            answered([10.0, 50.0], 1002.0),
            series(PROCESS_START, [process_start_s, process_start_s], 1002.0),
        ]
        seen = count_scraped(scraped, TimeRange(1001.0, 1005.0))
        assert seen is not None
        assert seen.answered == counted

    def test_a_successor_on_the_same_port_changes_nothing(self) -> None:
        """What tells when a process was started is asked of the scrape in question."""
        scraped = [answered([10.0, 50.0, 0.0], 1002.0), series(PROCESS_START, [100.0, 100.0, 1011.0], 1002.0)]
        seen = count_scraped(scraped, TimeRange(1001.0, 1005.0))
        assert seen is not None
        assert seen.answered == 40

    @pytest.mark.parametrize("scraped", [[], [answered([5.0])], [series(REFUSED, [1.0, 2.0])]])
    def test_no_two_scrapes_tell_nothing(self, scraped: list[ScrapedSeries]) -> None:
        assert count_scraped(scraped, TimeRange()) is None

    def test_buckets_of_replicas_are_added_up(self) -> None:
        def bucket(le: str, values: Sequence[float], instance: str) -> ScrapedSeries:
            return series(f"{LATENCY}_bucket", values, le=le, instance=instance)

        scraped = [bucket("0.001", [0.0, 10.0], "a"), bucket("+Inf", [0.0, 10.0], "a")]
        scraped += [bucket("0.001", [0.0, 0.0], "b"), bucket("+Inf", [5.0, 95.0], "b")]
        seen = count_scraped([*scraped, answered([0.0, 10.0])], TimeRange())
        assert seen is not None
        assert seen.quantiles[0] == BucketQuantile(0.001, 0.001, math.inf)


class TestMeasured:
    def test_it_holds_what_the_service_could_have_answered(self, make_run: Callable[..., Run]) -> None:
        """Not what was refused, and nothing that no status came for; latency from the actual send."""
        run = make_run(
            6,
            latency_ms=[50.0] * 6,
            service_ms=[1.0, 2.0, 3.0, 9.0, 0.5, 40.0],
            status=[200, 400, 504, 0, 503, 0],
            outcome=["ok", "http_4xx", "http_5xx", "timeout", "shed", "dropped"],
        )
        own = summarise_load_test(run)
        assert (own.answered, own.refused, own.late, own.unanswered) == (3, 1, 1, 1)
        assert own.quantiles_s == (0.002, 0.003, 0.003)

    def test_the_run_lasts_until_its_last_reply(self, make_run: Callable[..., Run]) -> None:
        run = make_run(20, latency_ms=[1.0] * 19 + [3000.0], facts={"began_s": 5000.0})
        assert find_time_range(run) == TimeRange(5000.0, pytest.approx(5000.0 + 1.9 + 3.0))

    def test_a_run_of_old_began_when_it_was_started(self, make_run: Callable[..., Run]) -> None:
        assert find_time_range(make_run(20)).start_s == 1767607200.0
