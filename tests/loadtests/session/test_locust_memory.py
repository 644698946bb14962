"""What Locust keeps of a run stays bounded, and its current rates stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import gevent
import locust.stats
import pytest
from locust import User
from locust.env import Environment
from locust.runners import Runner

from loadtests.session import locust_memory
from loadtests.session.locust_memory import KEPT_SECONDS, MOST_SNAPSHOTS, StatsTrimmer, trim_stats

HOUR_S = 3600
SNAPSHOT_S = int(locust.stats.HISTORY_STATS_INTERVAL_SEC)
TRIM_S = 60


class Nobody(User):
    """A user class, for a runner needs one."""


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Runner, int, bool], None]:
    """A function that feeds a runner with so many seconds of requests and failures, perhaps trimmed."""
    clock = SimpleNamespace(now=1_700_000_000.0)
    monkeypatch.setattr(locust.stats, "time", SimpleNamespace(time=lambda: clock.now))

    def run(runner: Runner, seconds: int, trimmed: bool) -> None:
        for second in range(seconds):
            clock.now += 1.0
            runner.stats.log_request("POST", "prediction", 1 + second % 5_000, 100)
            runner.stats.log_error("POST", "prediction", "http_5xx")
            if second % SNAPSHOT_S == 0:
                locust.stats.update_stats_history(runner)
            if trimmed and second % TRIM_S == 0:
                trim_stats(runner.stats)

    return run


def make_runner() -> Runner:
    return Environment(user_classes=[Nobody]).create_local_runner()


def count_kept(runner: Runner) -> int:
    """How many values grow with time if nobody trims them."""
    stats = runner.stats
    entries = (stats.total, *stats.entries.values())
    return len(stats.history) + sum(
        len(each.num_reqs_per_sec) + len(each.num_fail_per_sec) for each in entries
    )


def test_what_is_kept_does_not_grow_with_the_hours(feed: Callable[[Runner, int, bool], None]) -> None:
    runner = make_runner()
    bound = MOST_SNAPSHOTS + TRIM_S + 4 * (KEPT_SECONDS + TRIM_S)
    for _ in range(6):
        feed(runner, HOUR_S, True)
        assert count_kept(runner) <= bound
    assert runner.stats.num_requests == runner.stats.num_failures == 6 * HOUR_S


def test_rates_and_percentiles_are_those_of_statistics_that_nobody_trims(
    feed: Callable[[Runner, int, bool], None],
) -> None:
    trimmed, whole = make_runner(), make_runner()
    for runner in (trimmed, whole):
        feed(runner, 5 * TRIM_S, runner is trimmed)
    trim_stats(trimmed.stats)
    ours, locusts = trimmed.stats.total, whole.stats.total
    assert count_kept(trimmed) < count_kept(whole)
    assert ours.current_rps == locusts.current_rps > 0
    assert ours.current_fail_per_sec == locusts.current_fail_per_sec > 0
    assert ours.get_response_time_percentile(0.99) == locusts.get_response_time_percentile(0.99)


def test_snapshots_still_span_the_run(feed: Callable[[Runner, int, bool], None]) -> None:
    runner = make_runner()
    locust.stats.update_stats_history(runner)
    first = runner.stats.history[0]["time"]
    feed(runner, 3 * HOUR_S, True)
    times = [each["time"] for each in runner.stats.history]
    assert times[0] == first
    assert times == sorted(times)
    assert MOST_SNAPSHOTS / 2 <= len(times) <= MOST_SNAPSHOTS + TRIM_S


def test_a_run_is_trimmed_again_and_again_until_its_load_stops(
    feed: Callable[[Runner, int, bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locust_memory, "PERIOD_S", 0.0)
    runner, run = make_runner(), None
    trimmer = StatsTrimmer(runner.stats)
    counts = runner.stats.total.num_reqs_per_sec
    trimmer.run_started(run)  # type: ignore[arg-type]
    for _ in range(2):
        feed(runner, 2 * KEPT_SECONDS, False)
        with gevent.Timeout(60):
            while len(counts) > KEPT_SECONDS:
                gevent.sleep(0)
    trimmer.load_stopped(run)  # type: ignore[arg-type]
    feed(runner, 2 * KEPT_SECONDS, False)
    gevent.sleep(0)
    gevent.sleep(0)
    assert len(counts) == 3 * KEPT_SECONDS
