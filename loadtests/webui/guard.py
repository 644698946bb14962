"""Only the web UI's own pages may act on it or read it: a browser tells which page a request comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
OWN: Final = frozenset(("same-origin", "none"))
"""What a browser says of a request from a page of the same origin, or from its own address bar."""
SHARING: Final = "access-control-"
FOREIGN: Final = "This came from a page of another site, so nothing was done. Open the web UI itself.\n"


def refuse_foreign() -> Response | None:
    """Refuse a request that would act for a page of another site; None lets a request pass.

    Fetch metadata decides; if a browser sends none, as over plain HTTP, Origin must agree with Host. A
    request with neither header does not come from a browser; allow it. This is the rule of Go's
    `http.CrossOriginProtection`.
    """
    if request.method in READING:
        return None
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        own = site in OWN
    else:
        own = origin is None or origin.partition("://")[2] == request.headers.get("Host")
    return None if own else Response(FOREIGN, status=403, mimetype="text/plain")


def closed_to_others(application: WSGIApplication) -> WSGIApplication:
    """The application without Locust's leave for the pages of all other sites to read its figures."""

    def closed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            kept = [header for header in headers if not header[0].lower().startswith(SHARING)]
            return start_response(status, kept, *rest)

        return application(environ, start)

    return closed
