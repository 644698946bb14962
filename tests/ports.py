"""Ports for processes that tests start and that bind them only some seconds later."""

from __future__ import annotations

import os
import random
import socket

LOW, HIGH = 20_000, 32_768
"""Below the range from which kernels assign ports, so that no other program gets the port meanwhile."""
PARTS = 16
"""Each process of pytest-xdist has its own part of the ports."""

_part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PARTS
_mine = list(range(LOW + _part, HIGH, PARTS))
random.SystemRandom().shuffle(_mine)


def find_free_port() -> int:
    """Return a port on which nobody listens; a different one at each call."""
    while _mine:
        port = _mine.pop()
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"no port is left between {LOW} and {HIGH}")
