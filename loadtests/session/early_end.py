"""Ends a run before its plan does: when there is nothing more to learn, or no hope."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gevent

from loadtests.recording.run import RunRecording
from loadtests.session import abort, checkpoints
from loadtests.session.controller import Controller
from loadtests.session.listeners import SessionListener


class EarlyEnd(SessionListener):
    """Ends each run as soon as there is a reason to; the reason is among the run's facts then."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def run_started(self, run: RunRecording) -> None:
        """Watch the run."""
        scenario, end = self._controller.scenario, self._controller.end_early

        def end_early(**reason: Any) -> None:
            if run.is_running:
                run.facts = replace(run.facts, **reason)
                gevent.spawn(end)

        if scenario.abort is not None:
            abort.watch(run, scenario.abort, lambda sentence: end_early(given_up=sentence))
        if run.facts.early_end:
            checkpoints.watch(run, scenario.traffic.timeout_s, lambda until_s: end_early(decided_s=until_s))
