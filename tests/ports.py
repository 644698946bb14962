"""Ports for processes that tests start, which take a port only some seconds after it was chosen."""

from __future__ import annotations

import os
import random
import socket

LOW, HIGH = 20_000, 32_768
"""Below what kernels hand out to whoever asks for any port, so that nobody is given it meanwhile."""
PARTS = 16
"""Processes that share the tests each have a part of them for themselves."""

_part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PARTS
_mine = list(range(LOW + _part, HIGH, PARTS))
random.SystemRandom().shuffle(_mine)


def find_free_port() -> int:
    """A port on which nobody listens; another one each time."""
    while _mine:
        port = _mine.pop()
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"no port is left between {LOW} and {HIGH}")
