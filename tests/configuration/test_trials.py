"""The loads of a search for the capacity."""

from __future__ import annotations

from dataclasses import replace

from configuration.loading import load_scenario
from configuration.trials import make_trial


def test_a_trial_sends_at_random_whatever_the_spacing_of_the_scenario() -> None:
    scenario = load_scenario("steady")
    even = replace(scenario, load=replace(scenario.load, spacing="constant"))
    assert make_trial(even, "trial", 10, 5, 0.95, 3).load.spacing == "poisson"
