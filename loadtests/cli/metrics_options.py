"""The options that tell Prometheus where to look: the same for `python -m loadtests` and plain `locust`."""

from __future__ import annotations

import errno
import socket
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Final

from configuration.errors import ConfigurationError
from loadtests.cli.own_service import LOOPBACK, ServiceError

LINGER_S: Final = 15.0
"""Three scrapes, where Prometheus asks every 5 s."""


def add_metrics_options(add: Callable[..., object]) -> None:
    """Add the options by `add`, a parser's method or one like it."""
    add(
        "--metrics-port",
        type=port_number,
        metavar="PORT",
        help="tell Prometheus of a run without web UI on this port, under /metrics (default: on none)",
    )
    add(
        "--metrics-host",
        metavar="IP",
        default=LOOPBACK,
        help=f"where that port listens (default: {LOOPBACK}; in a container 0.0.0.0)",
    )
    add(
        "--metrics-linger",
        type=_seconds,
        metavar="S",
        default=LINGER_S,
        help=f"how long to wait at the end until the verdict is scraped, at most (default: {LINGER_S:g} s)",
    )


def check_told_once(options: Namespace, web: bool) -> None:
    """ConfigurationError if the same metrics would be told on a port of their own and by the web UI."""
    if web and options.metrics_port is not None:
        raise ConfigurationError(
            "--metrics-port: the web UI tells the metrics on its own port, under /metrics, and a Prometheus "
            "that reads both counts everything twice; leave it out"
        )


def check_metrics_port(options: Namespace) -> None:
    """ServiceError unless the metrics can be told where the options say."""
    host, port = options.metrics_host, options.metrics_port
    if port is None:
        return
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise ServiceError(refusal(host, port, error)) from None


def refusal(host: str, port: int, error: OSError) -> str:
    """Why nobody can listen there, and what to do."""
    place = f"metrics can't be told on port {port} of {host}"
    if error.errno == errno.EADDRINUSE:
        return f"{place}: end what listens there, or choose another: --metrics-port PORT"
    if error.errno == errno.EACCES:
        return f"{place}: choose a port above 1023: --metrics-port PORT"
    reason = (error.strerror or str(error)).partition(" (while attempting")[0].lower()
    return f"{place} ({reason}): give an address of this machine: --metrics-host IP"


def metrics_words(options: Namespace) -> list[str]:
    """The options as Locust is told them."""
    if options.metrics_port is None:
        return []
    return [
        *("--metrics-port", str(options.metrics_port)),
        *("--metrics-host", options.metrics_host),
        *("--metrics-linger", str(options.metrics_linger)),
    ]


def port_number(text: str) -> int:
    """A port, for an argument parser."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise ArgumentTypeError(f"{text} is no port; give a number from 1 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"{text} is impossible; give a number of seconds, 0 or more")
    return value
