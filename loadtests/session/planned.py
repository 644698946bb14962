"""Compares a run with its plan: arrivals without a sample, and the share of requests that was offered."""

from __future__ import annotations

from configuration.scenario import Scenario
from loadtests.recording.run import RunRecording
from loadtests.traffic.schedule import count_arrivals
from reports.data.telemetry import LEFT_OUT


def describe_missing_arrivals(scenario: Scenario, shares: int, run: RunRecording) -> str | None:
    """A sentence if arrivals were due and left no sample: in the open model each leaves that of its turn."""
    if scenario.load.model == "closed":
        return None
    due = count_arrivals(scenario, shares, scenario.judged_from_s, run.elapsed_s)
    missing = due - run.live.turns - count_left_out(run)
    if missing <= 0:
        return None
    return f"{missing:,} of {due:,} planned requests left no sample: the generator did not launch them"


def count_left_out(run: RunRecording) -> int:
    """Arrivals, and users with a turn, for whom no record was left to send."""
    return int(sum(value for (_, name), value in run.latest.items() if name == LEFT_OUT))


def find_offered_share(scenario: Scenario, left_out: int, turns: int, elapsed_s: float) -> float | None:
    """Turns begun as a share of those planned until `elapsed_s`, warm-up left out.

    None in the open model, in which each planned arrival is a sample, even if it was dropped. Where users
    found no record left to send, all that there was to offer was offered.
    """
    if scenario.load.model == "open":
        return None
    planned = scenario.count_planned_requests(scenario.judged_from_s, elapsed_s)
    if not planned:
        return None
    return 1.0 if left_out else turns / planned
