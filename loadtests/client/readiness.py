"""Asks a service whether it is ready, and what it says of itself."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

import requests

from configuration.service_paths import DEFAULT_PATHS, ServicePaths
from loadtests.client.target import Target
from loadtests.client.tls import explain_tls_failure
from reports.data.system_trust import SystemTrust

PATIENCE_S: Final = 9.0
ASK_TIMEOUT_S: Final = 2.0
RETRY_S: Final = 0.2


class NoAnswerError(Exception):
    """The service did not answer in time; the message says what to do."""


def wait_until_ready(
    target: Target,
    patience_s: float = PATIENCE_S,
    check_alive: Callable[[], None] = lambda: None,
    paths: ServicePaths = DEFAULT_PATHS,
    find_problem: Callable[[], str | None] | None = None,
) -> None:
    """Return once the service at `target` answers and does not say that it is not ready.

    A `rest_model_service` answers its readiness path with 503 until its models are loaded; any other HTTP
    service is ready when it answers at all, or, with a path of its own in `paths`, when it answers that with
    2xx. Without a path, it is ready once it can be connected to. `check_alive` may raise to end the wait
    early; `find_problem` asks in another way, and says why the service is not ready.

    NoAnswerError after `patience_s` seconds, or at once where TLS is the reason: waiting mends no
    certificate.
    """
    deadline = time.monotonic() + patience_s
    with _open_session(target) as session:
        while True:
            check_alive()
            problem = _find_problem(target, session, paths) if find_problem is None else find_problem()
            if problem is None:
                return
            if time.monotonic() > deadline:
                told = f"{target.url} {problem} ({patience_s:.0f} s waited)."
                if problem.startswith("answers GET"):
                    raise NoAnswerError(
                        f"{told} State where it tells its readiness (service: ready in the scenario), or "
                        "null if it doesn't"
                    )
                raise NoAnswerError(
                    f"{told} Start the service there, or aim at one that runs (--host URL, make loadtest "
                    "HOST=URL)"
                )
            time.sleep(RETRY_S)


def _open_session(target: Target) -> requests.Session:
    """Ask as the load will: directly, without the proxy, .netrc and other settings of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update(target.headers)
    session.mount("https://", SystemTrust())
    return session


def _get(session: requests.Session, url: str) -> requests.Response:
    """The answer; a redirect is one, and is not followed."""
    return session.get(url, timeout=ASK_TIMEOUT_S, allow_redirects=False)


def _find_problem(target: Target, session: requests.Session, paths: ServicePaths) -> str | None:
    try:
        if paths.ready is None:
            _connect(target)
            return None
        status = _get(session, target.url + paths.ready).status_code
    except (requests.RequestException, OSError) as error:
        _raise_if_tls_fails(target)
        if isinstance(error, requests.Timeout | TimeoutError):
            return "does not answer: no reply in time"
        return f"does not answer: {_find_cause(error)}"
    if status == 400 and not target.tls:  # as some servers answer plain HTTP on a TLS port
        _raise_if_tls_fails(target)
    if status == 503:
        return "answers, but is not ready (503)"
    if paths.requires_ready and not 200 <= status < 300:
        return f"answers GET {paths.ready} with {status}, not with 200"
    return None


def _connect(target: Target) -> None:
    """Open a connection as requests need it; OSError if that fails."""
    with socket.create_connection((target.host, target.port), ASK_TIMEOUT_S) as connected:
        if target.tls:
            ssl.create_default_context().wrap_socket(connected, server_hostname=target.host).close()


def _raise_if_tls_fails(target: Target) -> None:
    if explanation := explain_tls_failure(target, ASK_TIMEOUT_S):
        raise NoAnswerError(explanation)


def _find_cause(error: BaseException) -> str:
    """The innermost reason the network gave, without the wrapping."""
    text = str(error)
    for known in (
        "Connection refused",
        "Name or service not known",
        "No route to host",
    ):
        if known in text:
            return known.lower()
    return type(error).__name__


def describe_service(target: Target) -> dict[str, str]:
    """What a rest_model_service says of its first model; empty if another kind of service answers."""
    try:
        with _open_session(target) as session:
            model = _get(session, f"{target.url}/api/models").json()["models"][0]
        names = {"model": "qualified_name", "version": "version", "description": "description"}
        return {key: str(model[name]) for key, name in names.items()}
    except (requests.RequestException, ValueError, LookupError, TypeError):
        return {}
