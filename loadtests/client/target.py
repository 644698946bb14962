"""The service a run aims at: where it is, whether it answers, what it says of itself."""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter

from reports.data.addresses import AddressError, parse_base_url

HEADERS_VARIABLE: Final = "LOADTEST_HEADERS"
READINESS_PATH: Final = "/api/health/ready"
PATIENCE_S: Final = 9.0
QUESTION_TIMEOUT_S: Final = 2.0
RETRY_S: Final = 0.2
OURS: Final = frozenset(("content-length", "transfer-encoding"))
"""Headers that say where a body ends, which differs from request to request."""
HEADER: Final = re.compile(r"\s*[\w!#$%&'*+.^`|~-]+[ \t]*:[ -~\t]*", re.ASCII)
"""A header's line: a token, a colon, visible ASCII with spaces (RFC 9110, 5.1 and 5.5)."""
CREDENTIALS: Final = (
    "the host holds an '@', as credentials do, and hosts are kept with the run; leave them out and give a "
    f"header instead: {HEADERS_VARIABLE}='Authorization: ...' (an '@' in a path is written %40)"
)

_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}


class NoAnswerError(Exception):
    """The service did not answer in time; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """Where requests go: the parts of a base URL."""

    host: str
    port: int
    tls: bool
    prefix: str
    """Path that stands before every endpoint's path, without a trailing slash."""

    @classmethod
    def parse(cls, url: str) -> Target:
        """The target of `http(s)://host[:port][/prefix]`; ValueError says what is wrong with another text.

        Credentials are refused, and not repeated: what is aimed at is recorded.
        """
        if "@" in url:
            raise ValueError(CREDENTIALS)
        try:
            parts = parse_base_url(url)
        except AddressError:
            raise ValueError(f"the host {url!r} is no URL; give one like http://127.0.0.1:8000") from None
        assert parts.hostname is not None
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"))

    @cached_property
    def family(self) -> int | None:
        """The address family of a host that is an address; None for a name, which is to be looked up."""
        try:
            return _FAMILIES[ip_address(self.host).version]
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: whom headers are meant for."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"


def headers_from_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Headers for every request: `LOADTEST_HEADERS` has one `Name: value` a line. They are never recorded."""
    headers: dict[str, str] = {}
    for line in environment.get(HEADERS_VARIABLE, "").splitlines():
        if line.strip():
            if not HEADER.fullmatch(line):
                raise ValueError(
                    f"{HEADERS_VARIABLE}: a line is no 'Name: value' header (its text is not shown)"
                )
            name, _, value = line.partition(":")
            if name.strip().lower() in OURS:
                raise ValueError(
                    f"{HEADERS_VARIABLE}: {name.strip()} can't be given; each request has its own length. "
                    "Remove the line"
                )
            headers = merged(headers, {name.strip(): value.strip()})
    return headers


def merged(ours: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Our headers, and in place of those of the same name, in whatever case, the given ones."""
    names = {name.lower() for name in given}
    return {name: value for name, value in ours.items() if name.lower() not in names} | dict(given)


def wait_until_ready(
    host: str,
    headers: Mapping[str, str],
    patience_s: float = PATIENCE_S,
    still_there: Callable[[], None] = lambda: None,
) -> None:
    """Return once the service at `host` answers and does not say that it is not ready.

    A `rest_model_service` answers its readiness path with 503 until its models are loaded; any other HTTP
    service is ready when it answers at all. `still_there` may raise to end the wait early. NoAnswerError
    after `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    with _session(headers) as session:
        while True:
            still_there()
            problem = _problem(host, session)
            if problem is None:
                return
            if time.monotonic() > deadline:
                raise NoAnswerError(
                    f"{host} {problem} ({patience_s:.0f} s waited). Start a service there (make serve), "
                    "or aim at one that runs (--host URL, make loadtest HOST=URL)"
                )
            time.sleep(RETRY_S)


class _LoadsTrust(HTTPAdapter):
    """TLS that trusts whom the load trusts: OpenSSL's own authorities, not those that requests brings."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=ssl.create_default_context(), **options)

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Add no authorities; the context checks names and chains."""


def _session(headers: Mapping[str, str]) -> requests.Session:
    """Ask as the load will: straight, without proxy, .netrc or the environment's other advice."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update(headers)
    session.mount("https://", _LoadsTrust())
    return session


def _get(session: requests.Session, url: str) -> requests.Response:
    """The answer; a redirect is one, and isn't followed."""
    return session.get(url, timeout=QUESTION_TIMEOUT_S, allow_redirects=False)


def _problem(host: str, session: requests.Session) -> str | None:
    try:
        reply = _get(session, host + READINESS_PATH)
    except requests.Timeout:
        return "does not answer: no reply in time"
    except requests.RequestException as error:
        return f"does not answer: {_cause(error)}"
    return "answers, but is not ready (503)" if reply.status_code == 503 else None


def _cause(error: BaseException) -> str:
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


def described_service(host: str, headers: Mapping[str, str]) -> dict[str, str]:
    """What a rest_model_service says of its first model; empty where another kind of service answers."""
    try:
        with _session(headers) as session:
            model = _get(session, f"{host}/api/models").json()["models"][0]
        names = {"model": "qualified_name", "version": "version", "description": "description"}
        return {key: str(model[name]) for key, name in names.items()}
    except (requests.RequestException, ValueError, LookupError, TypeError):
        return {}
