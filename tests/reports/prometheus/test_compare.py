"""What Prometheus saw is counted between the right scrapes, and compared with a run in true words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from reports.data.run import Run
from reports.prometheus.compare import (
    BORN,
    LATE,
    LATENCY,
    MARGIN_S,
    REFUSED,
    Measured,
    Quantile,
    Seen,
    Series,
    Window,
    increase,
    measured,
    observe,
    parse,
    quantile,
    window_of,
)
from reports.prometheus.comparison_text import prometheus_text

BUCKETS = [(0.001, 0.0), (0.002, 80.0), (0.005, 98.0), (math.inf, 100.0)]


def series(name: str, values: Sequence[float], first_s: float = 1000.0, **labels: str) -> Series:
    """Scrapes five seconds apart."""
    times = tuple(first_s + 5.0 * place for place in range(len(values)))
    return Series(name, {"instance": "a", **labels}, times, tuple(values))


def answered(values: Sequence[float], first_s: float = 1000.0, instance: str = "a") -> Series:
    return series(f"{LATENCY}_count", values, first_s, instance=instance)


class TestCounting:
    def test_a_restart_counts_from_nought(self) -> None:
        assert increase([5.0, 9.0, 2.0, 4.0]) == 4 + 2 + 2

    def test_the_scrapes_around_the_run_enclose_it(self) -> None:
        """Scrapes at 1000, 1005 ...; the run lasts from 1006 to 1012."""
        seen = observe([answered([1.0, 4.0, 10.0, 20.0, 50.0])], Window(1006.0, 1012.0))
        assert seen is not None
        assert (seen.answered, seen.first_s, seen.last_s) == (20 - 4, 1005.0, 1015.0)

    def test_without_a_window_all_that_was_fetched_counts(self) -> None:
        seen = observe([answered([1.0, 4.0, 10.0])], Window())
        assert seen is not None
        assert (seen.answered, seen.first_s, seen.last_s) == (9, 1000.0, 1010.0)

    def test_replicas_are_added_up(self) -> None:
        scraped = [answered([0.0, 6.0]), answered([100.0, 104.0], instance="b"), series(REFUSED, [1.0, 3.0])]
        seen = observe([*scraped, series(LATE, [0.0, 1.0])], Window())
        assert seen is not None
        assert (seen.answered, seen.refused, seen.late, seen.instances) == (10, 2, 1, 2)

    @pytest.mark.parametrize(
        ("born_s", "counted"), [(998.0, 50), (1000.0 - MARGIN_S - 10, 40)], ids=["for the run", "long before"]
    )
    def test_an_instance_started_for_the_run_counts_from_its_start(
        self, born_s: float, counted: float
    ) -> None:
        """The first scrape came at 1002, a second after the run's beginning, and told of ten requests."""
        scraped = [answered([10.0, 50.0], 1002.0), series(BORN, [born_s, born_s], 1002.0)]
        seen = observe(scraped, Window(1001.0, 1005.0))
        assert seen is not None
        assert seen.answered == counted

    def test_a_successor_on_the_same_port_changes_nothing(self) -> None:
        """What tells when a process was started is asked of the scrape in question."""
        scraped = [answered([10.0, 50.0, 0.0], 1002.0), series(BORN, [100.0, 100.0, 1011.0], 1002.0)]
        seen = observe(scraped, Window(1001.0, 1005.0))
        assert seen is not None
        assert seen.answered == 40

    @pytest.mark.parametrize("scraped", [[], [answered([5.0])], [series(REFUSED, [1.0, 2.0])]])
    def test_no_two_scrapes_tell_nothing(self, scraped: list[Series]) -> None:
        assert observe(scraped, Window()) is None


class TestQuantile:
    @pytest.mark.parametrize(
        ("share", "value_s", "low_s", "high_s"),
        [
            (0.4, 0.0015, 0.001, 0.002),
            (0.8, 0.002, 0.001, 0.002),
            (0.89, 0.0035, 0.002, 0.005),
            (0.99, 0.005, 0.005, math.inf),
        ],
    )
    def test_it_is_interpolated_within_its_bucket(
        self, share: float, value_s: float, low_s: float, high_s: float
    ) -> None:
        found = quantile(share, BUCKETS)
        assert found is not None
        assert found.value_s == pytest.approx(value_s)
        assert (found.low_s, found.high_s) == (low_s, high_s)

    @pytest.mark.parametrize("buckets", [[], [(0.1, 0.0), (math.inf, 0.0)]])
    def test_of_no_request_there_is_none(self, buckets: list[tuple[float, float]]) -> None:
        assert quantile(0.5, buckets) is None

    def test_the_first_bucket_begins_at_nought(self) -> None:
        assert quantile(0.5, [(0.002, 10.0), (math.inf, 10.0)]) == Quantile(0.001, 0.0, 0.002)

    def test_buckets_of_replicas_are_added_up(self) -> None:
        def bucket(le: str, values: Sequence[float], instance: str) -> Series:
            return series(f"{LATENCY}_bucket", values, le=le, instance=instance)

        scraped = [bucket("0.001", [0.0, 10.0], "a"), bucket("+Inf", [0.0, 10.0], "a")]
        scraped += [bucket("0.001", [0.0, 0.0], "b"), bucket("+Inf", [5.0, 95.0], "b")]
        seen = observe([*scraped, answered([0.0, 10.0])], Window())
        assert seen is not None
        assert seen.quantiles[0] == Quantile(0.001, 0.001, math.inf)


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
        own = measured(run)
        assert (own.answered, own.refused, own.late, own.unanswered) == (3, 1, 1, 1)
        assert own.quantiles_s == (0.002, 0.003, 0.003)

    def test_the_run_lasts_until_its_last_reply(self, make_run: Callable[..., Run]) -> None:
        run = make_run(20, latency_ms=[1.0] * 19 + [3000.0], facts={"began_s": 5000.0})
        assert window_of(run) == Window(5000.0, pytest.approx(5000.0 + 1.9 + 3.0))

    def test_a_run_of_old_began_when_it_was_started(self, make_run: Callable[..., Run]) -> None:
        assert window_of(make_run(20)).start_s == 1767607200.0


SEEN = Seen(
    quantiles=(
        Quantile(0.0012, 0.001, 0.0015),
        Quantile(0.004, 0.003, 0.005),
        Quantile(0.01, 0.01, math.inf),
    ),
    answered=1000,
    refused=0,
    late=0,
    first_s=1_800_000_000.0,
    last_s=1_800_000_020.0,
    instances=2,
)
OWN = Measured((0.0014, 0.0091, 0.02), answered=1000, refused=0, late=0, unanswered=0, duration_s=20.0)


DURING = Window(1_800_000_000.0, 1_800_000_020.0)


def told(seen: Seen = SEEN, own: Measured | None = OWN, window: Window = DURING) -> str:
    return " ".join(prometheus_text(seen, window, own, 100).split())


class TestWords:
    def test_the_table_stands_in_columns(self) -> None:
        lines = prometheus_text(SEEN, DURING, OWN, 100).splitlines()
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
        fewer = Measured(OWN.quantiles_s, 990, 0, 0, 0, 20.0)
        assert (
            "The service answered 10 requests more than the load test was answered: it was asked by"
            in told(own=fewer)
        )
        given_up = Measured(OWN.quantiles_s, 990, 0, 0, 4, 20.0)
        assert "or answered some of the 4 that the load test gave up on." in told(own=given_up)
        more = Measured(OWN.quantiles_s, 1001, 0, 0, 0, 20.0)
        assert "1 request fewer than the load test was answered" in told(own=more)

    def test_scrapes_that_do_not_reach_around_the_run_are_told(self) -> None:
        text = told(window=Window(1_799_999_996.0, 1_800_000_023.0))
        assert "The first scrape came 4 s after the run's beginning" in text
        assert "The last scrape came 3 s before the run's end" in text

    def test_another_time_than_the_runs_is_told(self) -> None:
        assert "leave --range out to ask for the run's." in told(window=Window())
        assert "--range" not in told()

    def test_throughput_is_each_sides_by_its_own_time(self) -> None:
        """Prometheus is asked for ten minutes; the run lasted 20 s of them."""
        seen = replace(SEEN, answered=6000, last_s=SEEN.first_s + 600)
        text = told(seen, replace(OWN, answered=200), Window())
        assert "throughput 10 requests/s 10 requests/s 0 requests/s" in text
        assert "asked by others" not in text, "another time explains the counts"
        text = told(replace(seen, answered=12000), replace(OWN, answered=200), Window())
        assert "throughput 20 requests/s 10 requests/s −10 requests/s" in text

    def test_throughput_during_a_run_is_by_the_part_of_it_that_was_scraped(self) -> None:
        """Scrapes that enclose the run count what happened within; those that don't, what they saw."""
        around = replace(SEEN, first_s=SEEN.first_s - 5, last_s=SEEN.last_s + 5)
        assert "throughput 50 requests/s 50 requests/s 0 requests/s" in told(around)
        half = replace(SEEN, answered=500, first_s=SEEN.first_s + 10)
        assert "throughput 50 requests/s 50 requests/s 0 requests/s" in told(half)

    def test_a_run_that_ended_at_once_has_no_throughput(self) -> None:
        assert "throughput 50 requests/s – –" in told(own=replace(OWN, duration_s=0.0), window=Window())

    def test_without_a_run_there_is_one_column_and_its_own_time(self) -> None:
        text = told(own=None, window=Window())
        assert "load test" not in text
        assert "throughput 50 requests/s" in text


def test_samples_come_as_texts() -> None:
    """As Prometheus' HTTP API sends them."""
    metric = {"__name__": REFUSED, "instance": "a:8000", "job": "service"}
    answer = {"data": {"resultType": "matrix", "result": [{"metric": metric, "values": [[1000.5, "12"]]}]}}
    (found,) = parse(answer)
    assert (found.name, found.instance, found.t_s, found.values) == (REFUSED, "a:8000", (1000.5,), (12.0,))
