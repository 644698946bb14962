"""The service aimed at is asked as the load will ask it, and nothing secret is kept of its address."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from configuration.endpoint import merge_headers
from configuration.service_paths import ServicePaths
from loadtests.client.readiness import NoAnswerError, describe_service, wait_until_ready
from loadtests.client.target import Target, read_headers

NOT_FOUND = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Scripted:
    """A server that gives every request the same answer and keeps what it was asked."""

    def __init__(self, answer: str, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        self._answer = answer.encode()
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if tls else "http"
        self.host = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                with plain, contextlib.suppress(ssl.SSLError, ConnectionError):
                    connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
                    with connection:
                        self.asked.append(connection.recv(65536).decode())
                        connection.sendall(self._answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """Call with an answer: a server that gives it."""
    servers: list[Scripted] = []

    def begin(answer: str, tls: ssl.SSLContext | None = None) -> Scripted:
        servers.append(Scripted(answer, tls))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://user:pa55@127.0.0.1:8000",
        "https://pa55@example.org",
        "user:pa55@127.0.0.1:8000",
        "http://user:pa55/w@example.org",
        "http://user:1#pa55@example.org",
    ],
)
def test_credentials_in_the_host_are_refused_and_not_repeated(url: str) -> None:
    """Even half a URL's: the sentence says where they belong, never what they are."""
    with pytest.raises(ValueError, match="LOADTEST_HEADERS='Authorization: ") as refused:
        Target.parse(url)
    assert "pa55" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://example.org:http", "http://[::1", "http://example.org/a b"])
def test_what_no_url_can_hold_is_told_as_such(url: str) -> None:
    with pytest.raises(ValueError, match="is no URL; give one like") as refused:
        Target.parse(url)
    assert repr(url) in str(refused.value)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Example.org/models", "http://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("https://example.org:8443/", "https://example.org:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    """Written in one way, so that equal origins are equal."""
    assert Target.parse(url).origin == origin


def test_readiness_is_asked_without_proxy_and_netrc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scripted: Callable[..., Scripted]
) -> None:
    """As the load goes: what the environment advises other programs is not followed."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    proxy = scripted(NOT_FOUND)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.host)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    service = scripted(NOT_FOUND)
    wait_until_ready(Target.parse(service.host, {"X-Team": "models"}), patience_s=0.0)
    assert proxy.asked == []
    [asked] = service.asked
    assert "X-Team: models" in asked
    assert "authorization" not in asked.lower()


def test_a_redirect_is_an_answer_and_is_not_followed(scripted: Callable[..., Scripted]) -> None:
    """The load would not follow it; where it leads need not be the service, nor be sent its headers."""
    elsewhere = scripted(NOT_FOUND)
    service = scripted(NOT_FOUND.replace("404 Not Found", f"302 Found\r\nLocation: {elsewhere.host}/"))
    wait_until_ready(Target.parse(service.host), patience_s=0.0)
    assert describe_service(Target.parse(service.host)) == {}
    assert len(service.asked) == 2
    assert elsewhere.asked == []


def test_a_stated_readiness_path_has_to_be_there(scripted: Callable[..., Scripted]) -> None:
    absent = Target.parse(scripted(NOT_FOUND).host)
    with pytest.raises(NoAnswerError, match=r"answers GET /healthz with 404, not with 200 .* State where"):
        wait_until_ready(absent, patience_s=0.0, paths=ServicePaths(ready="/healthz"))
    there = scripted(NOT_FOUND.replace("404 Not Found", "204 No Content"))
    wait_until_ready(Target.parse(there.host), patience_s=0.0, paths=ServicePaths(ready="/healthz"))
    assert there.asked[0].startswith("GET /healthz HTTP/1.1")


def test_where_there_is_nothing_to_ask_a_connection_is_enough(obedient: Any) -> None:
    nothing = ServicePaths(ready=None, metrics=None)
    obedient.asked_for = None  # to answer would fail
    wait_until_ready(Target.parse(obedient.host), patience_s=0.0, paths=nothing)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        gone = Target("127.0.0.1", unheard.getsockname()[1], tls=False, prefix="")
        with pytest.raises(NoAnswerError, match="does not answer: connection refused"):
            wait_until_ready(gone, patience_s=0.0, paths=nothing)


@pytest.mark.parametrize("trusted", [True, False])
def test_readiness_trusts_whom_the_load_trusts(
    require: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scripted: Callable[..., Scripted],
    trusted: bool,
) -> None:
    """An authority known to OpenSSL suffices; one that only requests knows does not."""
    require("openssl")
    certificate, key = tmp_path / "service.crt", tmp_path / "service.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    else:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    service = scripted(NOT_FOUND, context)
    if trusted:
        wait_until_ready(Target.parse(service.host), patience_s=0.0)
        return
    with pytest.raises(NoAnswerError, match=r"not trusted here: .*SSL_CERT_FILE"):
        wait_until_ready(Target.parse(service.host), patience_s=0.0)


def headers(*lines: str) -> dict[str, str]:
    return read_headers({"LOADTEST_HEADERS": "\n".join(lines)})


def test_headers_stand_one_a_line_and_the_last_of_a_name_counts() -> None:
    """A name is the same in upper and lower case."""
    assert headers("X-Team: models", "", "Authorization: Bearer a:b", "x-team: data") == {
        "Authorization": "Bearer a:b",
        "x-team": "data",
    }


@pytest.mark.parametrize(
    "line", ["X-Team", ": models", "X Team: models", "X-Team: ä", "X-Team: mod\0els", "X-(Team): models"]
)
def test_what_is_no_header_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(ValueError, match="LOADTEST_HEADERS: a line is no 'Name: value' header") as refused:
        headers("X-Team: models", line)
    assert line not in str(refused.value)


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "Transfer-Encoding"])
def test_headers_that_frame_a_body_are_refused(name: str) -> None:
    """They would make every request another than the one that is meant."""
    with pytest.raises(ValueError, match=rf"LOADTEST_HEADERS: {name} can't be given"):
        headers("X-Team: models", f"{name}: 17")


def test_given_headers_replace_ours_whatever_their_case() -> None:
    given = {"host": "c", "ACCEPT": "d", "X-Team": "models"}
    ours = {"Host": "a", "Accept": "b", "User-Agent": "e"}
    assert merge_headers(ours, given) == {"User-Agent": "e", **given}


@pytest.mark.parametrize(
    ("url", "family"),
    [
        ("http://127.0.0.1:8000", socket.AF_INET),
        ("http://[::1]:8000", socket.AF_INET6),
        ("http://localhost:8000", None),
    ],
)
def test_only_a_name_is_looked_up(url: str, family: int | None) -> None:
    assert Target.parse(url).family == family
