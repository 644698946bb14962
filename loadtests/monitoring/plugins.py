"""Observes what monitors of plug-ins tell once a second, beside the load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import gevent

from loadtests.recording.observing import observe_every
from loadtests.recording.run import RunRecording
from loadtests.recording.writer import Observation
from reports.data.plugins import PluginError, describe_error, describe_plugin, load_plugin
from reports.data.telemetry import SERVICE

PERIOD_S: Final = 1.0
LOOK_S: Final = 0.2


class PluginMonitor:
    """A monitor of a plug-in: PluginError if it can't be loaded.

    The plug-in is a function of the service's URL that returns a function without arguments, which is called
    once a second and returns numbers by their names. They are telemetry of the service, `<plug-in>.<name>`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._make: Callable[[str], Callable[[], Mapping[str, float]]] = load_plugin("monitors", name)

    def follow(self, run: RunRecording) -> None:
        """Observe until the load of the run stops; PluginError if the monitor can't start."""
        try:
            observe = self._make(run.facts.host)
        except Exception as error:
            said = describe_plugin("monitors", self._name)
            raise PluginError(f"{said} could not start: {describe_error(error)}") from error

        def look() -> None:
            seen = [
                Observation(SERVICE, f"{self._name}.{name}", float(value))
                for name, value in observe().items()
            ]
            if seen and run.is_running:
                run.observe(seen)

        observing = observe_every(PERIOD_S, look, describe_plugin("monitors", self._name))
        gevent.spawn(_end_with, run, observing)


def _end_with(run: RunRecording, observing: gevent.Greenlet) -> None:
    while run.is_running:
        gevent.sleep(LOOK_S)
    observing.kill()
