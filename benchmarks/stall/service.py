"""A model service over HTTP that answers one request after the other and stalls on a schedule.

Its clock starts with the first prediction request. `GET /log` returns the arrival times of all of them by
that clock, and the worst delay of a reply after its scheduled time. The service doesn't sleep through a
stall: it holds each reply back until its scheduled time, so that it is exact to a fraction of a millisecond.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.stall.schedule import Stall, StallingService

PREDICTION = b'{"charges": 1234.5}'


class StallingServer:
    """Serves a `StallingService` on loopback."""

    def __init__(self, service: StallingService) -> None:
        self._service = service
        self._began: float | None = None
        self._free_s = 0.0
        self._arrivals_s: list[float] = []
        self._worst_s = 0.0

    async def serve(self) -> None:
        """Listen until cancelled; the first line printed is the port."""
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"POST"):
                    await reader.readexactly(_content_length(head))
                    await self._wait_in_line(time.perf_counter())
                    writer.write(_reply(PREDICTION))
                else:
                    writer.write(_reply(json.dumps(self._log()).encode()))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _wait_in_line(self, now: float) -> None:
        if self._began is None:
            self._began = now
        arrival_s = now - self._began
        self._arrivals_s.append(arrival_s)
        self._free_s = done_s = self._service.done_s(max(arrival_s, self._free_s))
        await asyncio.sleep(self._began + done_s - time.perf_counter())
        self._worst_s = max(self._worst_s, time.perf_counter() - self._began - done_s)

    def _log(self) -> dict[str, Any]:
        return {"arrivals_s": self._arrivals_s, "worst_ms": self._worst_s * 1000.0}


def _reply(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve what the command line describes: `{"work_s": 0.002, "stalls": [[1.0, 1.2]]}`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stall.service", description=__doc__)
    parser.add_argument("service", help="the service as JSON: work_s, and stalls as pairs of seconds")
    described = json.loads(parser.parse_args(arguments).service)
    service = StallingService(described["work_s"], [Stall(*pair) for pair in described["stalls"]])
    # select waits to the microsecond, where epoll rounds up to a millisecond
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(StallingServer(service).serve())


if __name__ == "__main__":
    main()
