"""Stops a load test at a signal, so that it is judged; ends a process whose parent has gone."""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from typing import Final

import gevent

from loadtests.cli.exit_codes import INVALID, USAGE
from loadtests.recording.parent import PERIOD_S, await_end, take_parent
from loadtests.recording.signals import list_stop_signals
from loadtests.session.controller import Controller

STOPPING: Final = "the run is being stopped and judged; another signal ends it without its verdict"


class SignalStop:
    """Hears the signals of a process with a controller."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._came = 0

    def install(self) -> None:
        """Hear them from now on."""
        for number in list_stop_signals():
            gevent.signal_handler(number, self.hear, number)

    def hear(self, number: signal.Signals) -> None:
        """Stop the test, so that it is judged and written.

        A second signal waits no longer for replies, a third leaves the run unjudged: the verdict
        is worth more than the seconds it takes.
        """
        self._came += 1
        if self._came == 1:
            self._stop(number)
        elif self._came == 2:
            sys.stderr.write(f"{STOPPING}\n")
            self._controller.user_stop.abandon_requests()
        else:
            self._leave()

    def _stop(self, number: signal.Signals) -> None:
        controller = self._controller
        controller.interrupted_by = number.name
        for listener in controller.listeners:
            listener.interrupted()
        web_ui = controller.environment.web_ui
        if controller.run is None and web_ui is None:
            controller.runner.quit()
            sys.stderr.write(f"stopped by {number.name} before the load test began\n")
            os._exit(USAGE)
        controller.stop()
        controller.runner.quit()
        if web_ui is not None:
            web_ui.stop()

    def _leave(self) -> None:
        run = self._controller.run
        if run is not None:
            sys.stderr.write(f"left without its verdict: python -m reports write {run.folder} judges it\n")
        os._exit(INVALID)


@cache
def follow_parent() -> None:
    """Let this process end with the one that started it, and each worker forked from it end with it.

    A master judges what it has recorded. A worker, whose fork copies the greenlet, has nobody left to send
    its rows to.
    """
    gevent.spawn(_follow, os.getpid(), take_parent())


def _follow(process: int, parent: int | None) -> None:
    while os.getpid() == process:
        if parent is not None and os.getppid() != parent:
            os.kill(process, signal.SIGTERM)
            return
        gevent.sleep(PERIOD_S)
    await_end(process, gevent.sleep)
    os._exit(INVALID)
