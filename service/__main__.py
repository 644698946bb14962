"""Runs the service until it is told to stop: `python -m service [--host ADDRESS] [--port PORT]`."""

from __future__ import annotations

import argparse
import signal

import uvicorn


def main() -> None:
    """Serve; SIGTERM and SIGINT let accepted requests finish and end the process with exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    options = parser.parse_args()
    # After its graceful stop uvicorn raises the signal again, for whoever handled it before.
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: None)
    uvicorn.run("service.app:app", host=options.host, port=options.port, access_log=False)


if __name__ == "__main__":
    main()
