"""A trial whose generator could not be relied on says nothing of the service."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.capacity.services import QueuedService
from benchmarks.capacity.simulating import simulate_trial
from capacity.trials import read_downward, read_trial
from reports.data.run import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate_trial(QueuedService(2, 0.02, 150), 30, 60, 0.9, np.random.default_rng(1))


def send_late(run: Run) -> Run:
    """The run in which each request left a second late, where 20 ms are allowed."""
    return replace(run, samples=replace(run.samples, sent_s=run.samples.intended_s + 1))


def test_a_trial_that_was_given_up_is_broken_unless_the_generator_was_late(run: Run) -> None:
    given_up = replace(run, facts=replace(run.facts, given_up="errors > 50 %"))
    assert read_trial(given_up, 30).reason == "given up: errors > 50 %"
    late = read_trial(send_late(given_up), 30)
    assert late.outcome == "invalid"
    assert "the generator could not keep its schedule" in late.reason


def test_nothing_is_decided_on_the_way_down_if_the_generator_was_late(run: Run) -> None:
    assert read_downward(run, [30])[0][0] is True
    assert read_downward(send_late(run), [30])[0][0] is None
