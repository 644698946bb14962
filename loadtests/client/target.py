"""The service under test: where requests go, and which headers each of them carries."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import Final

from configuration.endpoint import merge_headers
from reports.data.addresses import AddressError, parse_base_url

HEADERS_VARIABLE: Final = "LOADTEST_HEADERS"
BODY_HEADERS: Final = frozenset(("content-length", "transfer-encoding"))
"""They say where a body ends, which differs from request to request."""
HEADER: Final = re.compile(r"\s*[\w!#$%&'*+.^`|~-]+[ \t]*:[ -~\t]*", re.ASCII)
"""A header's line: a token, a colon, visible ASCII with spaces (RFC 9110, 5.1 and 5.5)."""
CREDENTIALS: Final = (
    "the host holds an '@', as credentials do, and hosts are kept with the run; leave them out and give a "
    f"header instead: {HEADERS_VARIABLE}='Authorization: ...' (an '@' in a path is written %40)"
)

USER_AGENT: Final = "model-load-tests"
_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(frozen=True)
class Target:
    """Where requests go: the parts of a base URL, and the headers meant for that service."""

    host: str
    port: int
    tls: bool
    prefix: str
    """The path in front of every endpoint's path, without a trailing slash."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    """Sent with every request and never recorded: they may hold a token."""

    @classmethod
    def parse(cls, url: str, headers: Mapping[str, str] | None = None) -> Target:
        """The target of `http(s)://host[:port][/prefix]`; ValueError says what is wrong with another text.

        Credentials are refused, and not repeated in the message: the URL is recorded with the run.
        """
        if "@" in url:
            raise ValueError(CREDENTIALS)
        try:
            parts = parse_base_url(url)
        except AddressError:
            raise ValueError(f"the host {url!r} is no URL; give one like http://127.0.0.1:8000") from None
        assert parts.hostname is not None
        tls = parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        return cls(parts.hostname, port, tls, parts.path.rstrip("/"), headers or {})

    @cached_property
    def family(self) -> int | None:
        """The address family of a host given as an address; None for a name, which must be looked up."""
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
        """Scheme, host and port: the service that headers are meant for."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return self.origin + self.prefix

    def encode_head(self, method: str, path: str, defaults: Mapping[str, str]) -> bytes:
        """A request line and header fields, each ended by CRLF; the target's headers replace defaults."""
        fields = merge_headers({"Host": self.authority, "User-Agent": USER_AGENT, **defaults}, self.headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{method} {self.prefix}{path} HTTP/1.1\r\n{lines}".encode()


def read_headers(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The headers of `LOADTEST_HEADERS`, one `Name: value` a line; ValueError without the line's text."""
    headers: dict[str, str] = {}
    for line in environment.get(HEADERS_VARIABLE, "").splitlines():
        if line.strip():
            if not HEADER.fullmatch(line):
                raise ValueError(
                    f"{HEADERS_VARIABLE}: a line is no 'Name: value' header (its text is not shown)"
                )
            name, _, value = line.partition(":")
            if name.strip().lower() in BODY_HEADERS:
                raise ValueError(
                    f"{HEADERS_VARIABLE}: {name.strip()} can't be given; each request has its own length. "
                    "Remove the line"
                )
            headers = merge_headers(headers, {name.strip(): value.strip()})
    return headers
