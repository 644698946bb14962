"""TLS that can't work is told in one sentence, at once: waiting mends neither a port nor a certificate."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadtests.client import tls
from loadtests.client.readiness import NoAnswerError, wait_until_ready
from loadtests.client.target import Target
from loadtests.client.tls import explain_tls_failure

PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
Serve = Callable[..., int]


@pytest.fixture
def certify(require: Callable[..., None], tmp_path: Path) -> Callable[[str], Path]:
    """Call with a subject's alternative name, such as IP:127.0.0.1: a self-signed certificate and its key."""
    require("openssl")

    def make(name: str) -> Path:
        both, key, certificate = (tmp_path / each for each in ("both.pem", "key.pem", "certificate.pem"))
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"]
        command += ["-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        both.write_text(key.read_text() + certificate.read_text())
        return both

    return make


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Call with a certificate or None: the port of a server that speaks TLS, or plain HTTP."""
    listeners: list[socket.socket] = []

    def start(certificate: Path | None = None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate is not None:
            context.load_cert_chain(certificate)

        def answer() -> None:
            while True:
                try:
                    connected, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), connected:
                    if certificate is not None:
                        connected = context.wrap_socket(connected, server_side=True)
                    with connected:
                        connected.recv(4096)
                        connected.sendall(PLAIN)

        threading.Thread(target=answer, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def refuse(url: str) -> str:
    """What is told of the service at `url`, without any wait."""
    with pytest.raises(NoAnswerError) as refused:
        wait_until_ready(Target.parse(url), patience_s=1e9)
    return str(refused.value)


def test_tls_to_a_plain_port(serve: Serve) -> None:
    port = serve()
    assert refuse(f"https://127.0.0.1:{port}/v1") == (
        f"https://127.0.0.1:{port}/v1 speaks plain HTTP, not TLS: aim at http://127.0.0.1:{port}/v1"
    )


def test_plain_http_to_a_tls_port(serve: Serve, certify: Callable[[str], Path]) -> None:
    port = serve(certify("IP:127.0.0.1"))
    assert refuse(f"http://127.0.0.1:{port}") == (
        f"http://127.0.0.1:{port} speaks TLS, not plain HTTP: aim at https://127.0.0.1:{port}"
    )


def test_a_certificate_of_an_unknown_authority(serve: Serve, certify: Callable[[str], Path]) -> None:
    told = refuse(f"https://127.0.0.1:{serve(certify('IP:127.0.0.1'))}")
    assert "a certificate of an authority that is not trusted here" in told
    assert "SSL_CERT_FILE=ca.pem" in told


def test_a_certificate_for_another_name(
    serve: Serve, certify: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certify("DNS:models.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    told = refuse(f"https://127.0.0.1:{serve(certificate)}")
    assert "has a certificate for another name (models.example)" in told


def test_a_certificate_that_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    """By OpenSSL's number, because openssl of some machines makes no certificate of the past."""
    expired = ssl.SSLCertVerificationError("certificate has expired")
    expired.verify_code = 10

    def refuse_it(*_: object) -> None:
        raise expired

    monkeypatch.setattr(tls, "_shake_hands", refuse_it)
    assert explain_tls_failure(Target.parse("https://127.0.0.1:1")) == (
        "https://127.0.0.1:1 has a certificate that is not valid today: renew it, or set the clock here"
    )


def test_a_service_in_order_and_one_that_is_absent_are_not_blamed_on_tls(
    serve: Serve, certify: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certify("IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert explain_tls_failure(Target.parse(f"https://127.0.0.1:{serve(certificate)}")) is None
    assert explain_tls_failure(Target.parse(f"http://127.0.0.1:{serve()}")) is None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    for scheme in ("http", "https"):
        assert explain_tls_failure(Target.parse(f"{scheme}://127.0.0.1:{closed}")) is None
