"""What ends a run before its plan does: nothing more to learn, or no hope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gevent

from configuration.scenario import Scenario
from loadtests.recording.run import Run
from loadtests.session import abort, checkpoints


def watch(run: Run, scenario: Scenario, end: Callable[[], None]) -> None:
    """Call `end` as soon as there is a reason to; the reason is among the run's facts then."""

    def end_early(**reason: Any) -> None:
        if run.goes_on:
            run.facts = replace(run.facts, **reason)
            gevent.spawn(end)

    if scenario.abort is not None:
        abort.watch(run, scenario.abort, lambda sentence: end_early(given_up=sentence))
    if run.facts.looks > 1:
        checkpoints.watch(run, scenario.traffic.timeout_s, lambda: end_early(decided=True))
