"""Only the web UI's own pages may act on it: a browser tells which page a request comes from."""

from __future__ import annotations

from typing import Final

from flask import Response, request

READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
OWN: Final = frozenset(("same-origin", "none"))
"""What a browser says of a request from a page of the same origin, or from its own address bar."""
FOREIGN: Final = "This came from a page of another site, so nothing was done. Open the web UI itself.\n"


def refuse_foreign() -> Response | None:
    """Before each request: the answer to one that would act for another site's page, else None.

    Fetch metadata decides; where a browser sends none, as over plain HTTP, Origin must agree with Host.
    What tells neither is no browser. This is the rule of Go's `http.CrossOriginProtection`.
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
