"""Asks a service for its documents, as the load will ask it: same headers, same trust, no proxy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import yaml

from loadtests.client.target import Target
from loadtests.scaffolding.sketch import ScaffoldingError
from reports.data.system_trust import SystemTrust

ASK_TIMEOUT_S: Final = 10.0
LARGEST_BYTES: Final = 32 * 2**20
JSON: Final = {"Accept": "application/json"}


class DocumentReader:
    """Asks one service, and remembers what was asked and what came."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.asked: list[str] = []
        """One line a question, for messages."""
        self._session = _open_session(target)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def ask(self, path: str, body: Any = None) -> Any:
        """The JSON value at a path, asked for with GET, or with POST where there is a `body`.

        None where there is none; ScaffoldingError where nobody answers.
        """
        method = "GET" if body is None else "POST"
        try:
            reply = self._session.request(
                method,
                self.target.url + path,
                json=body,
                headers=JSON,
                timeout=ASK_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.Timeout:
            raise ScaffoldingError(
                f"{self.target.url} does not answer {method} {path} within {ASK_TIMEOUT_S:.0f} s"
            ) from None
        except requests.RequestException as error:
            raise ScaffoldingError(f"{self.target.url} does not answer: {_find_cause(error)}") from None
        value, came = _read_reply(reply)
        self.asked.append(f"{method} {path}: {came}")
        return value

    def is_there(self, path: str) -> bool:
        """Whether GET is answered with 2xx at a path."""
        try:
            url = self.target.url + path
            return self._session.get(url, timeout=ASK_TIMEOUT_S, allow_redirects=False).ok
        except requests.RequestException:
            return False

    def load_document(self, place: str) -> Any:
        """The JSON or YAML document in a file or at a URL; headers go to the service alone.

        ScaffoldingError says what is there instead.
        """
        if not place.startswith(("http://", "https://")):
            return _load_file(Path(place))
        own = place.startswith(f"{self.target.origin}/")
        try:
            session = self._session if own else _open_session(Target.parse(_find_base(place)))
            reply = session.get(place, timeout=ASK_TIMEOUT_S, allow_redirects=False)
        except (requests.RequestException, ValueError) as error:
            cause = _find_cause(error) if isinstance(error, requests.RequestException) else str(error)
            raise ScaffoldingError(f"{place} can't be read: {cause}") from None
        if reply.status_code != requests.codes.ok:
            raise ScaffoldingError(f"{place} can't be read: it is answered with {_name_status(reply)}")
        return _parse(reply.text, place)


def _open_session(target: Target) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers.update(target.headers)
    session.mount("https://", SystemTrust())
    return session


def _find_cause(error: requests.RequestException) -> str:
    """The reason that the network or OpenSSL gave, without the wrapping."""
    text = str(error)
    for known, said in _CAUSES.items():
        if known in text:
            return said
    return type(error).__name__


_CAUSES: Final = {
    "Connection refused": "connection refused. Start the service, or give the URL of one that runs",
    "Name or service not known": "there is no host of that name",
    "No route to host": "no route to host",
    "certificate verify failed": "its certificate is not trusted; SSL_CERT_FILE names a file of trusted ones",
    "WRONG_VERSION_NUMBER": "there is no TLS; write http:// instead of https://",
    "Connection reset": "connection reset",
    "BadStatusLine": "it does not speak HTTP/1.1; if this is its gRPC port, add --grpc",
    "RemoteDisconnected": "it closed the connection without a reply",
}


def _find_base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _load_file(file: Path) -> Any:
    try:
        return _parse(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ScaffoldingError(f"{file} can't be read: {reason}") from None


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text) if text.lstrip()[:1] in ("{", "[") else yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        raise ScaffoldingError(f"{place} holds neither JSON nor YAML") from None


def _read_reply(reply: requests.Response) -> tuple[Any, str]:
    """The value in a reply, None if there is none, and what came in words."""
    if reply.status_code != requests.codes.ok:
        return None, _name_status(reply)
    if len(reply.content) > LARGEST_BYTES:
        return None, f"200 with {len(reply.content):,} bytes, more than is read"
    try:
        return reply.json(), "200 with JSON"
    except (ValueError, RecursionError):
        kind = reply.headers.get("Content-Type", "no content type").partition(";")[0]
        return None, f"200 without JSON ({kind})"


def _name_status(reply: requests.Response) -> str:
    where = reply.headers.get("Location")
    return f"{reply.status_code} {reply.reason or ''}".strip() + (f", to {where}" if where else "")


def find_mapping(value: Any, *keys: str) -> Mapping[str, Any] | None:
    """The value if it is a mapping with all these keys."""
    return value if isinstance(value, Mapping) and all(key in value for key in keys) else None
