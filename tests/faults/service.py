"""A service that misbehaves as it is told: `python service.py BEHAVIOUR...` prints its port and serves.

Each behaviour is `name` or `name=value`; what is not named is as it ought to be. `GET /seen` tells how many
requests for predictions were read, and how many seconds ago the first one was. The file that `tally` names
grows by a byte with each of them, so that their number outlives the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

REPLY = b'{"charges": 1234.5}'


class Service:
    """Answers requests; what it does to them is in `told`."""

    def __init__(self, told: dict[str, str]) -> None:
        self.told = told
        self.seen = 0
        self.probes = 0
        self.first: float | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until somebody closes it."""
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split(" ", 2)
        headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET":
            status, body = self._asked(path)
            writer.write(whole(status, body))
            await writer.drain()
            return True
        self.seen += 1
        if "tally" in self.told:
            with Path(self.told["tally"]).open("ab") as tally:
                tally.write(b".")
        self.first = self.first or time.monotonic()
        await self._stall()
        await asyncio.sleep(float(self.told.get("delay", 0.0)))
        if "interim" in self.told:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write(whole(200, b" " * int(self.told.get("padding", 0)) + REPLY))
        await writer.drain()
        return "closing" not in self.told

    async def _stall(self) -> None:
        """Answer nobody between two moments, in seconds since the first request."""
        if "stall" in self.told and self.first is not None:
            from_s, to_s = map(float, self.told["stall"].split("-"))
            if from_s <= time.monotonic() - self.first < to_s:
                await asyncio.sleep(self.first + to_s - time.monotonic())

    def _asked(self, path: str) -> tuple[int, bytes]:
        if path == "/seen":
            ago_s = None if self.first is None else time.monotonic() - self.first
            return 200, json.dumps({"requests": self.seen, "first_s_ago": ago_s}).encode()
        if path == "/metrics" and "metrics" in self.told:
            return 200, self.told["metrics"].format(seen=self.seen).encode()
        if path == "/api/health/ready" and "ready" in self.told:
            self.probes += 1
            return (200 if self.probes % int(self.told["ready"]) == 1 else 503), b"{}"
        return 404, b"{}"


def whole(status: int, body: bytes) -> bytes:
    """A reply with its length."""
    return b"HTTP/1.1 %d Told\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


async def main() -> None:
    """Serve until SIGTERM, or until whoever started this is gone."""
    told = dict(behaviour.partition("=")[::2] for behaviour in sys.argv[1:])
    port = int(told.get("port", 0))
    server = await asyncio.start_server(Service(told).serve, "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(main())
