"""Runs the service until it is stopped: `python -m service [--host ADDRESS] [--port PORT] [--workers N]`."""

from __future__ import annotations

import argparse
import errno
import math
import signal
import socket
import sys

import uvicorn

from service.configuration import (
    StartError,
    SuiteConfiguration,
    check_models,
    get_configuration_path,
    read_configuration,
)
from service.observability.metrics_folder import share_metrics
from service.parent import follow_parent
from service.web.workers import WorkerSupervisor

_DEFAULT_SHUTDOWN_S = 20
"""How long the shutdown waits for requests that have no deadline."""
_SEND_MARGIN_S = 1.0
"""Time for a reply that is ready at its deadline to reach the client."""

_WORKER_PATIENCE_S = 60
"""After this time without an answer a worker is killed and replaced. Its imports alone took 12 s on a busy
machine, where uvicorn's own 5 s would end each worker before it serves."""


def main() -> None:
    """Serve; after SIGTERM or SIGINT accepted requests finish, and the process ends with exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve (default: %(default)s)")
    options = parser.parse_args()
    if options.workers < 1:
        parser.error("--workers needs at least 1")
    # These hold until uvicorn sets its own, which may take seconds, and after its graceful shutdown, when
    # it raises the signal once more.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    if problem := _find_listen_problem(options.host, options.port):
        sys.exit(problem)
    try:
        follow_parent()
        configuration = read_configuration(get_configuration_path())
        if options.workers > 1:
            # uvicorn would restart a worker that can't start for ever: check first.
            check_models(configuration)
    except StartError as error:
        sys.exit(str(error))
    if options.workers == 1:
        _serve(options, configuration)
        return
    # The workers write their metrics there, so that each of them can report those of all.
    with share_metrics():
        _serve(options, configuration)


def _compute_shutdown_timeout_s(configuration: SuiteConfiguration) -> int:
    """How long a graceful shutdown waits for accepted requests: until the longest deadline has passed.

    A request that is left then can't be answered, because its client doesn't read.
    """
    serving = configuration.serving
    if serving is None:
        return _DEFAULT_SHUTDOWN_S
    longest_ms = max(serving.deadline_ms, serving.explicit_batch.deadline_ms)
    return math.ceil(longest_ms / 1e3 + _SEND_MARGIN_S)


def _find_listen_problem(host: str, port: int) -> str | None:
    """Why the service can't listen there and what to do; None if it can."""
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
    # The application configures the log in each worker; this configures it in their parent, too.
    log = {} if configuration.logging is None else {"log_config": configuration.logging}
    config = uvicorn.Config(
        "service.app:app",
        host=options.host,
        port=options.port,
        workers=options.workers,
        http="service.web.protocol:SheddingProtocol",
        access_log=False,
        timeout_worker_healthcheck=_WORKER_PATIENCE_S,
        timeout_graceful_shutdown=_compute_shutdown_timeout_s(configuration),
        **log,
    )
    if options.workers == 1:
        config.load_app()
        uvicorn.Server(config).run()
    else:
        notice_s = 0.0 if configuration.serving is None else configuration.serving.drain_notice_s
        WorkerSupervisor(config, [config.bind_socket()], notice_s).run()


if __name__ == "__main__":
    main()
