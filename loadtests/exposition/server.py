"""Answers Prometheus: through the web UI or, without one, on a port of its own."""

from __future__ import annotations

import sys
from typing import Final

from gevent.event import Event
from gevent.pywsgi import WSGIServer
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from werkzeug.wrappers import Request, Response

from loadtests.cli.listening import explain_metrics_port
from loadtests.exposition.collector import GeneratorMetrics
from loadtests.recording.run import RunRecording
from loadtests.session.controller import Controller
from loadtests.session.listeners import SessionListener

PATH: Final = "/metrics"


class Exposition(SessionListener):
    """Answers scrapes, and at the end waits for one that tells the verdict."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._metrics = GeneratorMetrics(controller)
        self._registry = CollectorRegistry()
        self._registry.register(self._metrics)
        ProcessCollector(registry=self._registry)
        self._url: str | None = None
        self._done = Event()
        """Set once a scrape with the newest run's verdict has been sent to its last byte."""

    def answer(self, accept: str | None) -> Response:
        """The metrics in the format that an Accept header prefers."""
        encode, content_type = choose_encoder(accept or "")
        response = Response(encode(self._registry), content_type=content_type)
        if self._controller.verdict is not None:
            response.call_on_close(self._done.set)
        return response

    def listen(self, host: str, port: int) -> None:
        """Answer on a port of its own from now on; OSError, in a sentence, if that is not possible."""
        server = WSGIServer((host, port), Request.application(self._route), log=None, error_log=None)
        try:
            server.start()
        except OSError as error:
            raise OSError(explain_metrics_port(host, port, error)) from None
        self._url = f"http://{host}:{port}{PATH}"

    def _route(self, request: Request) -> Response:
        if request.path != PATH:
            return Response(f"The metrics are at {PATH}.\n", status=404, content_type="text/plain")
        return self.answer(request.headers.get("Accept"))

    def run_opened(self, run: RunRecording) -> None:
        """Count the requests of a run, and wait for its verdict to be scraped."""
        self._done.clear()
        self._metrics.follow(run)

    def interrupted(self) -> None:
        """Wait for no scrape."""
        self._done.set()

    def ending(self) -> None:
        """Return when the verdict has been scraped, or after the patience that the options give.

        Without a port of its own there is no wait: the web UI is there until somebody ends it.
        """
        patience_s = self._controller.settings.metrics_linger_s
        told = self._controller.verdict is not None and self._controller.interrupted_by is None
        if not told or self._url is None or patience_s == 0 or self._done.is_set():
            return
        sys.stderr.write(
            f"waiting until {self._url} is read once more, {patience_s:g} s at most (Ctrl-C ends it)\n"
        )
        self._done.wait(patience_s)
