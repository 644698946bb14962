"""Checks, before anything is started, that this process may listen where its options say."""

from __future__ import annotations

import errno
import socket

from configuration.errors import ConfigurationError
from loadtests.cli.options import WITHOUT_LOGIN
from loadtests.cli.own_service import ServiceError, is_free
from loadtests.client.addresses import ALL_INTERFACES, LOOPBACK, is_loopback


def check_web_port(host: str, port: int) -> None:
    """Raise ServiceError unless the web UI can listen there."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServiceError(
                f"port {port} is taken on {host}: end what listens there, "
                "or choose another: --web-port PORT, make web WEB_PORT=PORT"
            ) from None
        raise ServiceError(
            f"the web UI can't listen on port {port} of {host}: "
            "give an address of this machine: --web-host IP"
        ) from None


def check_web_host(host: str, has_login: bool, without_login: bool) -> None:
    """Raise ConfigurationError if others than this machine could start load in a web UI without a login.

    Locust takes an empty host, and `*`, for all addresses.
    """
    if is_loopback(host) or has_login or without_login:
        return
    place = "all addresses" if host in ("", "*") else host
    raise ConfigurationError(
        f"the web UI would listen on {place}, where anybody who reaches it could start load: leave "
        f"--web-host out for {LOOPBACK}, forward its port (ssh -L), or say that this is meant: "
        f"{WITHOUT_LOGIN} (plain locust can have a login instead: --web-login)"
    )


def check_master_port(port: int) -> None:
    """Raise ServiceError unless a master can listen there."""
    if not is_free(ALL_INTERFACES, port):
        raise ServiceError(
            f"port {port}, where workers would join, is taken: end what listens there, "
            "or choose another here and for the workers: --master-port PORT"
        )


def check_exposed_once(web: bool, metrics_port: int | None) -> None:
    """Raise ConfigurationError if the web UI and another port would expose the same metrics."""
    if web and metrics_port is not None:
        raise ConfigurationError(
            "--metrics-port: the web UI tells the metrics on its own port, under /metrics, and a Prometheus "
            "that reads both counts everything twice; leave it out"
        )


def check_metrics_port(host: str, port: int | None) -> None:
    """Raise ServiceError unless the metrics can be exposed there."""
    if port is None:
        return
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise ServiceError(explain_metrics_port(host, port, error)) from None


def explain_metrics_port(host: str, port: int, error: OSError) -> str:
    """Why nobody can listen there, and what to do."""
    place = f"metrics can't be told on port {port} of {host}"
    if error.errno == errno.EADDRINUSE:
        return f"{place}: end what listens there, or choose another: --metrics-port PORT"
    if error.errno == errno.EACCES:
        return f"{place}: choose a port above 1023: --metrics-port PORT"
    reason = (error.strerror or str(error)).partition(" (while attempting")[0].lower()
    return f"{place} ({reason}): give an address of this machine: --metrics-host IP"
