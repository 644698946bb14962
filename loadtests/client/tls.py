"""Finds out whether TLS keeps requests from a service: spoken by one side, or a certificate that fails."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from loadtests.client.target import Target

PROBE_TIMEOUT_S: Final = 2.0
_NAME_ERRORS: Final = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

_TIME_ERRORS: Final = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


def explain_tls_failure(target: Target, timeout_s: float = PROBE_TIMEOUT_S) -> str | None:
    """What is wrong with TLS between here and `target`, and what to do; None if it is not to blame.

    Opens up to three connections, each bounded by `timeout_s` a step.
    """
    if not target.tls:
        if not _accepts_handshake(target, timeout_s):
            return None
        return f"{target.url} speaks TLS, not plain HTTP: aim at {_swap_scheme(target)}"
    try:
        _shake_hands(target, ssl.create_default_context(), timeout_s)
    except ssl.SSLCertVerificationError as error:
        return _explain_certificate(target, error, timeout_s)
    except OSError as error:
        if _answers_plainly(target, timeout_s):
            return f"{target.url} speaks plain HTTP, not TLS: aim at {_swap_scheme(target)}"
        if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
            return f"{target.url} refuses the TLS handshake ({_write_reason(error)}): see what it requires"
    return None


def _explain_certificate(target: Target, error: ssl.SSLCertVerificationError, timeout_s: float) -> str:
    if error.verify_code in _NAME_ERRORS:
        names = _list_certified_names(target, timeout_s)
        held = f" ({', '.join(names)})" if names else ""
        return (
            f"{target.url} has a certificate for another name{held}: aim at a name in it, "
            f"or give the service a certificate for {target.host}"
        )
    if error.verify_code in _TIME_ERRORS:
        return f"{target.url} has a certificate that is not valid today: renew it, or set the clock here"
    return (
        f"{target.url} has a certificate of an authority that is not trusted here: name a file with the "
        "authority's own certificate in SSL_CERT_FILE, such as SSL_CERT_FILE=ca.pem"
    )


def _list_certified_names(target: Target, timeout_s: float) -> list[str]:
    """The names in a certificate that is trusted but for its name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    try:
        certificate = _shake_hands(target, context, timeout_s)
    except OSError:
        return []
    return [str(name) for _, name in certificate.get("subjectAltName", ())]


def _shake_hands(
    target: Target, context: ssl.SSLContext, timeout_s: float
) -> dict[str, tuple[tuple[str, str], ...]]:
    """The server's certificate, empty if it was not verified; OSError if there is no TLS connection."""
    with (
        socket.create_connection((target.host, target.port), timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=target.host) as connected,
    ):
        return dict(connected.getpeercert() or {})  # type: ignore[arg-type]


def _accepts_handshake(target: Target, timeout_s: float) -> bool:
    """Whether a TLS server listens there, whatever its certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        _shake_hands(target, context, timeout_s)
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False
    return True


def _answers_plainly(target: Target, timeout_s: float) -> bool:
    """Whether plain HTTP is answered there."""
    request = f"HEAD / HTTP/1.1\r\nHost: {target.authority}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((target.host, target.port), timeout_s) as connected:
            connected.sendall(request.encode())
            return connected.recv(16).startswith(b"HTTP/")
    except OSError:
        return False


def _swap_scheme(target: Target) -> str:
    """The target's URL with the other scheme, on the same port."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{'http' if target.tls else 'https'}://{host}:{target.port}{target.prefix}"


def _write_reason(error: ssl.SSLError) -> str:
    return (error.reason or "no reason given").lower().replace("_", " ")
