"""Only the web UI's own pages may act on it or read it.

A browser tells which page a request comes from. Where a page of another site lets its own name point here
(DNS rebinding), the browser takes it for the web UI's own page; but it then tells that name as the host.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
OWN: Final = frozenset(("same-origin", "none"))
"""What a browser says of a request from a page of the same origin, or from its own address bar."""
SHARING: Final = "access-control-"
NAMES_VARIABLE: Final = "LOADTEST_WEB_NAMES"
LOCAL_DOMAINS: Final = (".localhost", ".local", ".internal", ".svc")
"""Domains in which nobody can register a name (RFC 6761, RFC 6762, ICANN's reservation, Kubernetes)."""
POLICIES: Final = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""No other page may show the web UI in a frame, where its buttons could be clicked unseen."""
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


def refuse_unknown_name() -> Response | None:
    """Refuse a request that names a host which is not known to be this one; None lets a request pass."""
    name = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    given = os.environ.get(NAMES_VARIABLE, "").lower().replace(",", " ").split()
    if is_own_name(name, {*given, socket.gethostname().lower(), socket.getfqdn().lower()}):
        return None
    told = (
        f"The web UI is not known as {name!r}, so nothing was done. "
        f"If that is its name, start it with {NAMES_VARIABLE}={name}\n"
    )
    return Response(told, status=403, mimetype="text/plain")


def is_own_name(name: str, known: Collection[str]) -> bool:
    """Whether no stranger can have a name point here: it is an address, local, or one of those `known`."""
    if "." not in name or name in known or name.endswith(LOCAL_DOMAINS):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def add_policies(response: Response) -> Response:
    """The answer with what keeps other pages from showing it; what it states itself is kept."""
    for name, value in POLICIES.items():
        response.headers.setdefault(name, value)
    return response


def closed_to_others(application: WSGIApplication) -> WSGIApplication:
    """The application without Locust's leave for the pages of all other sites to read its figures."""

    def closed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            kept = [header for header in headers if not header[0].lower().startswith(SHARING)]
            return start_response(status, kept, *rest)

        return application(environ, start)

    return closed
