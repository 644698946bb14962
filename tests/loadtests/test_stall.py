"""A service that stalls on a schedule: the open model tells the truth, plain Locust's own figures don't."""

from __future__ import annotations

import pytest

from benchmarks.stall.measuring import StallFindings, compare_load_tests, find_percentile_ms
from benchmarks.stall.schedule import Stall, StallingService, stalls

pytestmark = [pytest.mark.real, pytest.mark.extended]

SECONDS = 10
SERVICE = StallingService(0.002, stalls(period_s=2.0, length_s=0.2, freeze=Stall(5.5, 7.5), until_s=SECONDS))


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> StallFindings:
    """What both load tests say, at a hundred requests a second for ten seconds."""
    scenario = tmp_path_factory.mktemp("stall") / "stall.yaml"
    scenario.write_text(
        "description: A hundred requests a second, evenly.\n"
        f"load: {{rate: [{{constant: 100/s, for: {SECONDS}s}}], spacing: constant}}\n"
        "objectives: [p99 latency <= 200 ms]\n"
    )
    return compare_load_tests(SERVICE, scenario, SECONDS)


def test_every_request_that_was_due_was_made(findings: StallFindings) -> None:
    assert len(findings.suite_ms) == len(findings.true_ms) == 100 * SECONDS


@pytest.mark.parametrize("percent", [50, 95, 99])
def test_the_open_model_agrees_with_what_is_worked_out_by_hand(
    findings: StallFindings, percent: float
) -> None:
    """Within 1 % or 1 ms, and what this machine was late itself, as generator and service recorded it."""
    true_ms, suite_ms = (
        find_percentile_ms(findings.true_ms, percent),
        find_percentile_ms(findings.suite_ms, percent),
    )
    assert abs(suite_ms - true_ms) <= max(0.01 * true_ms, 1.0) + findings.hiccup_ms


def test_the_figures_are_those_of_a_freeze(findings: StallFindings) -> None:
    """The fiftieth slowest of a thousand came 0.5 s into the freeze, waits 1.5 s, and has fifty before it."""
    assert find_percentile_ms(findings.true_ms, 95) == pytest.approx(1_500 + 50 * 2, rel=0.02)
    assert (
        abs(find_percentile_ms(findings.suite_ms, 95) - (1_500 + 50 * 2)) <= 0.1 * 1_600 + findings.hiccup_ms
    )


def test_plain_locust_says_something_else(findings: StallFindings) -> None:
    """Its users wait for their replies, so hardly any of its requests meets the freeze."""
    assert findings.locust_requests < 0.95 * 100 * SECONDS
    assert findings.locust_ms[95.0] < 0.5 * find_percentile_ms(findings.true_ms, 95)
