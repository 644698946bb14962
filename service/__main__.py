"""Runs the service until told to stop: `python -m service [--host ADDRESS] [--port PORT] [--workers N]`."""

from __future__ import annotations

import argparse
import errno
import math
import os
import signal
import socket
import sys
import tempfile

import uvicorn

from service.configuration import (
    StartError,
    SuiteConfiguration,
    check_models,
    configuration_path,
    read_configuration,
)

_STOCK_STOP_S = 20
"""How long requests may take to end where nothing sets them a deadline."""
_SPARE_S = 1.0
"""What a reply that was ready at the deadline has to reach its client."""


def main() -> None:
    """Serve; SIGTERM and SIGINT let accepted requests finish and end the process with exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve (default: %(default)s)")
    options = parser.parse_args()
    if options.workers < 1:
        parser.error("--workers needs at least 1")
    # After its graceful stop uvicorn raises the signal again, for whoever handled it before.
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: None)
    if refusal := _refusal(options.host, options.port):
        sys.exit(refusal)
    try:
        configuration = read_configuration(configuration_path())
        if options.workers > 1:
            # A worker that can't start would be started again for ever: see first whether it can.
            check_models(configuration)
    except StartError as error:
        sys.exit(str(error))
    if options.workers == 1:
        _serve(options, configuration)
        return
    # Where the workers leave their figures, so that each of them can answer for all.
    with tempfile.TemporaryDirectory(prefix="service-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _serve(options, configuration)


def _stop_s(configuration: SuiteConfiguration) -> int:
    """How long a stop waits for accepted requests: all of them are over by the longest deadline.

    What is left then can't be answered: its client doesn't read.
    """
    serving = configuration.serving
    if serving is None:
        return _STOCK_STOP_S
    longest_ms = max(serving.deadline_ms, serving.explicit_batch.deadline_ms)
    return math.ceil(longest_ms / 1e3 + _SPARE_S)


def _refusal(host: str, port: int) -> str | None:
    """Why nobody can listen there, and what to do."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return (
                f"port {port} is taken on {host}: end what listens there, or choose another: "
                "--port PORT, make serve PORT=8001"
            )
        reason = (error.strerror or str(error)).partition(" (while attempting")[0].lower()
        return (
            f"the service can't listen on port {port} of {host} ({reason}): give an address of this machine "
            "and a port that is free: --host ADDRESS --port PORT"
        )
    return None


def _serve(options: argparse.Namespace, configuration: SuiteConfiguration) -> None:
    # The service configures the log in each worker; what their parent says goes the same way.
    log = {} if configuration.logging is None else {"log_config": configuration.logging}
    uvicorn.run(
        "service.app:app",
        host=options.host,
        port=options.port,
        workers=options.workers,
        http="service.web.protocol:SheddingProtocol",
        access_log=False,
        timeout_graceful_shutdown=_stop_s(configuration),
        **log,
    )


if __name__ == "__main__":
    main()
