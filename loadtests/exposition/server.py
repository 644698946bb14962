"""Where Prometheus asks for the generator's metrics: the web UI or, without one, a port of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from gevent.event import Event
from gevent.pywsgi import WSGIServer
from prometheus_client.exposition import choose_encoder
from werkzeug.wrappers import Request, Response

from loadtests.cli.metrics_options import refusal
from loadtests.exposition.collector import registry

if TYPE_CHECKING:
    from loadtests.session.controller import LoadTest

PATH: Final = "/metrics"


class Exposition:
    """Answer scrapes, and at the end wait for one that tells the verdict."""

    def __init__(self, loadtest: LoadTest) -> None:
        self._loadtest = loadtest
        self._registry = registry(loadtest)
        self._url: str | None = None
        self._done = Event()
        """Set once a scrape with the newest run's verdict has been sent to its last byte."""
        loadtest.on_begin.append(lambda _: self._done.clear())

    def answer(self, accept: str | None) -> Response:
        """The metrics in the format that an Accept header prefers."""
        encode, content_type = choose_encoder(accept or "")
        response = Response(encode(self._registry), content_type=content_type)
        if self._loadtest.verdict is not None:
            response.call_on_close(self._done.set)
        return response

    def listen(self, host: str, port: int) -> None:
        """Answer on a port of its own from now on; OSError, in a sentence, where that can't be."""
        server = WSGIServer((host, port), Request.application(self._route), log=None, error_log=None)
        try:
            server.start()
        except OSError as error:
            raise OSError(refusal(host, port, error)) from None
        self._url = f"http://{host}:{port}{PATH}"

    def _route(self, request: Request) -> Response:
        if request.path != PATH:
            return Response(f"The metrics are at {PATH}.\n", status=404, content_type="text/plain")
        return self.answer(request.headers.get("Accept"))

    def await_scrape(self, patience_s: float) -> None:
        """Return when the verdict has been scraped, after `patience_s`, or when `leave` is called.

        Without a port of its own nobody is waited for: the web UI is there until somebody ends it.
        """
        if self._url is None or patience_s == 0 or self._done.is_set():
            return
        sys.stderr.write(
            f"waiting until {self._url} is read once more, {patience_s:g} s at most (Ctrl-C ends it)\n"
        )
        self._done.wait(patience_s)

    def leave(self) -> None:
        """Wait no longer."""
        self._done.set()
