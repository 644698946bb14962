"""What became of the plan: arrivals that left no sample, and the share of the requests that was offered."""

from __future__ import annotations

from configuration.scenario import Scenario
from loadtests.recording.run import Run
from loadtests.traffic.open_model import arrivals_due


def arrivals_missing(scenario: Scenario, shares: int, run: Run) -> str | None:
    """A sentence if arrivals were due and left no sample: in the open model each of them leaves one."""
    if scenario.load.model == "closed":
        return None
    due = arrivals_due(scenario, shares, scenario.judged_from_s, run.elapsed_s)
    missing = due - run.live.compute_totals().requests
    if missing <= 0:
        return None
    return f"{missing:,} of {due:,} planned requests left no sample: the generator did not launch them"


def offered(scenario: Scenario, requests: int, elapsed_s: float) -> float | None:
    """Requests recorded as a share of those planned until `elapsed_s`, warm-up left out.

    None in the open model, where each planned arrival is a sample, be it only a dropped one.
    """
    if scenario.load.model == "open":
        return None
    planned = scenario.planned_requests(scenario.judged_from_s, elapsed_s)
    return requests / planned if planned else None
