"""Asks a service whether it is ready, and what it says of itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import requests

from loadtests.client.target import Target
from reports.data.system_trust import SystemTrust

READINESS_PATH: Final = "/api/health/ready"
PATIENCE_S: Final = 9.0
ASK_TIMEOUT_S: Final = 2.0
RETRY_S: Final = 0.2


class NoAnswerError(Exception):
    """The service did not answer in time; the message says what to do."""


def wait_until_ready(
    target: Target,
    patience_s: float = PATIENCE_S,
    check_alive: Callable[[], None] = lambda: None,
) -> None:
    """Return once the service at `target` answers and does not say that it is not ready.

    A `rest_model_service` answers its readiness path with 503 until its models are loaded; any other HTTP
    service is ready when it answers at all. `check_alive` may raise to end the wait early. NoAnswerError
    after `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    with _open_session(target) as session:
        while True:
            check_alive()
            problem = _find_problem(target, session)
            if problem is None:
                return
            if time.monotonic() > deadline:
                raise NoAnswerError(
                    f"{target.url} {problem} ({patience_s:.0f} s waited). Start a service there "
                    "(make serve), or aim at one that runs (--host URL, make loadtest HOST=URL)"
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


def _find_problem(target: Target, session: requests.Session) -> str | None:
    try:
        reply = _get(session, target.url + READINESS_PATH)
    except requests.Timeout:
        return "does not answer: no reply in time"
    except requests.RequestException as error:
        return f"does not answer: {_find_cause(error)}"
    return "answers, but is not ready (503)" if reply.status_code == 503 else None


def _find_cause(error: BaseException) -> str:
    """The innermost reason the network gave, without the wrapping."""
    text = str(error)
    for known in (
        "Connection refused",
        "Name or service not known",
        "No route to host",
        "certificate verify failed",
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
