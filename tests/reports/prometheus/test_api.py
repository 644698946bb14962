"""Whatever keeps a Prometheus from telling what it was asked is told in a sentence."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.prometheus.api import MOST_REDIRECTS, PrometheusClient
from reports.prometheus.compare import LATENCY
from reports.prometheus.series import PrometheusError


class Canned(BaseHTTPRequestHandler):
    """Stands in for a Prometheus that is asked what it can't tell, and for servers that are none."""

    answers: dict[str, tuple[int, Any]]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        status, answer = self.answers.get(path.rpartition("/")[2], (404, "<html>nothing here</html>"))
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def canned() -> Iterator[Callable[..., str]]:
    """Call with what is answered to `query` and `values`, each a status and a body: the server's URL."""
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def serve(**answers: tuple[int, Any]) -> str:
        server = HTTPServer(("127.0.0.1", 0), type("Answers", (Canned,), {"answers": answers}))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


NO_URLS = ["127.0.0.1:9090", "http://127.0.0.1:abc", "http://127.0.0.1:9090/a b", "http://[::1"]
NOTHING = {"status": "success", "data": {"resultType": "matrix", "result": []}}


def jobs(*names: str) -> tuple[int, Any]:
    return 200, {"status": "success", "data": list(names)}


class TestRefusals:
    @pytest.mark.parametrize(
        ("known", "sentence"),
        [
            (jobs(), f"knows no {LATENCY}: it has never scraped the service"),
            (jobs("model"), "knows the service not as job 'service', but as 'model': name it with --job."),
            (jobs("service"), "has no two scrapes of the service in the last 2 min."),
        ],
    )
    def test_what_prometheus_lacks_is_told(
        self, canned: Callable[..., str], capsys: pytest.CaptureFixture[str], known: Any, sentence: str
    ) -> None:
        assert main(["prometheus", "--url", canned(query=(200, NOTHING), values=known)]) == 2
        assert sentence in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            ((404, "not found"), "answers HTTP 404, not as Prometheus does"),
            ((200, "<html>hello</html>"), "answers, but not as Prometheus does"),
            ((200, [1, 2]), "answers, but not as Prometheus does"),
            ((200, {"status": "success", "data": {"result": [{}]}}), "holds no samples as Prometheus sends"),
            (
                (422, {"status": "error", "error": "too many samples"}),
                "refuses the question: too many samples",
            ),
        ],
    )
    def test_what_is_no_prometheus_is_told(
        self, canned: Callable[..., str], capsys: pytest.CaptureFixture[str], answer: Any, sentence: str
    ) -> None:
        assert main(["prometheus", "--url", canned(query=answer)]) == 2
        assert sentence in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            *((["--url", url], f"{url!r} is no URL of a Prometheus") for url in NO_URLS),
            (["--url", "http://127.0.0.1:9"], "can't be reached: connection refused"),
            (["--run", "no/such/folder"], "There is no folder no/such/folder"),
        ],
    )
    def test_what_cannot_be_asked_is_told(
        self, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
    ) -> None:
        assert main(["prometheus", *arguments]) == 2
        assert sentence in capsys.readouterr().err

    @pytest.mark.parametrize("text", ["2x", "", "m", "2 m", "0s", "-5s"])
    def test_a_range_that_is_none_is_told(self, capsys: pytest.CaptureFixture[str], text: str) -> None:
        with pytest.raises(SystemExit) as ended:
            main(["prometheus", f"--range={text}"])
        assert ended.value.code == 2
        assert "give one like 90s, 2m or 1h30m" in capsys.readouterr().err


Talk = Callable[[socket.socket], None]
JOBS = b'{"status": "success", "data": ["service"]}'


def say(reply: bytes, then: Talk = lambda _: None) -> Talk:
    """Read a question, send these bytes, do what comes `then`, and hang up."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(reply)
        then(connection)

    return talk


def ok(body: bytes = JOBS, length: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body) if length is None else length,
        body,
    )


def redirect(target: str) -> bytes:
    return (
        f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait(connection: socket.socket) -> None:
    """Until the other side hangs up, which it does long before this times out."""
    connection.settimeout(5.0)
    connection.recv(1)


@pytest.fixture
def talking() -> Iterator[Callable[..., str]]:
    """Call with what to do on each connection (and TLS, if any): the server's host and port."""
    stops: list[Callable[[], None]] = []

    def serve(talk: Talk, context: ssl.SSLContext | None = None) -> str:
        listener = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if stopping.is_set():
                        return
                    try:
                        if context is None:
                            talk(connection)
                        else:
                            with context.wrap_socket(connection, server_side=True) as encrypted:
                                talk(encrypted)
                    except OSError:
                        pass  # the other side hung up

        def stop() -> None:
            stopping.set()
            socket.create_connection(listener.getsockname()).close()
            thread.join()
            listener.close()

        stopping = threading.Event()
        thread = threading.Thread(target=run)
        thread.start()
        stops.append(stop)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for stop in stops:
        stop()


def trouble(url: str) -> str:
    """The sentence that ends the question."""
    with pytest.raises(PrometheusError) as raised:
        PrometheusClient(url).fetch_jobs()
    return str(raised.value).replace(url, "URL")


STRANGER = "URL answers, but not as Prometheus does; is it one (--url)?"


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        ok(length=100),
        ok(b""),
        ok(b'"\xff\xfe"'),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        redirect("file:///etc/hostname"),
        redirect("ftp://127.0.0.1:1/x"),
        redirect("http://[::1"),
    ],
    ids=["ssh", "nothing", "half", "empty", "bytes", "204", "chunk", "gzip", "line", "file", "ftp", "broken"],
)
def test_a_reply_that_breaks_the_protocol_is_no_prometheus(talking: Callable[..., str], reply: bytes) -> None:
    assert trouble(f"http://{talking(say(reply))}") == STRANGER


@pytest.mark.parametrize("status", [b"304 Not Modified", b"302 Found", b"500 Oh"])
def test_a_status_that_is_no_success_is_told(talking: Callable[..., str], status: bytes) -> None:
    reply = b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status
    told = f"URL answers HTTP {status[:3].decode()}, not as Prometheus does; is it one (--url)?"
    assert trouble(f"http://{talking(say(reply))}") == told


@pytest.mark.parametrize("reply", [b"", ok(length=100)], ids=["at once", "half a reply"])
def test_a_reset_connection_is_told_in_the_systems_words(talking: Callable[..., str], reply: bytes) -> None:
    told = trouble(f"http://{talking(say(reply, reset))}")
    assert told == "Prometheus at URL can't be reached: connection reset by peer. Is it running (--url)?"


@pytest.mark.parametrize("reply", [b"", ok(length=100)], ids=["nothing", "half a reply"])
def test_silence_is_not_waited_for_forever(
    talking: Callable[..., str], monkeypatch: pytest.MonkeyPatch, reply: bytes
) -> None:
    monkeypatch.setattr("reports.prometheus.api.TIMEOUT_S", 0.1)
    told = trouble(f"http://{talking(say(reply, wait))}")
    assert told == "Prometheus at URL can't be reached: timed out. Is it running (--url)?"


def test_a_name_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    told = trouble("http://prometheus.example:9090")
    assert told == "Prometheus at URL can't be reached: name or service not known. Is it running (--url)?"


def test_a_redirect_is_followed_but_not_in_circles(talking: Callable[..., str]) -> None:
    there = talking(say(ok()))
    assert PrometheusClient(f"http://{talking(say(redirect(f'http://{there}/')))}").fetch_jobs() == [
        "service"
    ]
    asked = []

    def circle(connection: socket.socket) -> None:
        asked.append(connection.recv(65_536))
        connection.sendall(redirect("/again"))

    assert "URL answers HTTP 302, not as Prometheus does" in trouble(f"http://{talking(circle)}")
    assert len(asked) == MOST_REDIRECTS + 1


def test_the_environment_names_neither_a_proxy_nor_a_password(
    talking: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def listen(connection: socket.socket) -> None:
        asked.append(connection.recv(65_536))
        connection.sendall(ok())

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert PrometheusClient(f"http://{talking(listen)}").fetch_jobs() == ["service"]
    assert b"authorization" not in asked[0].lower()
    assert b"\r\nConnection: close\r\n" in asked[0]


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_verified_by_the_authorities_of_this_machine(
    require: Callable[..., None],
    talking: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    trusted: bool,
) -> None:
    """An authority known to OpenSSL suffices; one that only requests knows does not."""
    require("openssl")
    certificate, key = tmp_path / "prometheus.crt", tmp_path / "prometheus.key"
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
    url = f"https://{talking(say(ok()), context)}"
    if trusted:
        assert PrometheusClient(url).fetch_jobs() == ["service"]
    else:
        assert "can't be reached: [ssl: certificate_verify_failed] certificate verify failed" in trouble(url)


def test_other_commands_do_not_pay_for_requests() -> None:
    code = "import sys, reports.__main__; print({'requests', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
