"""Clients that go on while a service stops: what they asked for, and what became of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.service.live_service import ODD_PREDICTION, PERSON, request_head

BODY = json.dumps(PERSON).encode()


@dataclass
class Requests:
    """How the requests of some clients ended.

    `refused`: no connection was made, so the client may ask another replica. `lost`: the connection was made,
    the request was sent, and no reply came; nobody can say whether it was worked on.
    """

    answered: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    lost: list[str] = field(default_factory=list)


async def ask(address: tuple[str, int], clients: int, per_s: float, keep_alive: bool) -> Requests:
    """Send `per_s` requests a second by so many clients, until connections are refused.

    With `keep_alive` a client uses its connection again, until a reply says that it will be closed.
    """
    requests = Requests()
    each = (_Client(address, requests, keep_alive) for _ in range(clients))
    await asyncio.gather(
        *(client.go_on(clients / per_s, number / per_s) for number, client in enumerate(each))
    )
    return requests


class _Client:
    def __init__(self, address: tuple[str, int], requests: Requests, keep_alive: bool) -> None:
        self._address = address
        self._requests = requests
        self._keep_alive = keep_alive
        head = request_head(ODD_PREDICTION, len(BODY), *(() if keep_alive else ("Connection: close",)))
        self._request = head + BODY
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def go_on(self, pace_s: float, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while await self._ask():
            await asyncio.sleep(pace_s)

    async def _ask(self) -> bool:
        """Send a request; False once no connection is made any more.

        A connection that the service has closed is not used again.
        """
        if self._streams is not None and self._streams[0].at_eof():
            self._close(self._streams[1])
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection(*self._address)
            except OSError:
                self._requests.refused += 1
                return False
        reader, writer = self._streams
        try:
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            names = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
            await reader.readexactly(int(names["content-length"]))
        except (OSError, asyncio.IncompleteReadError) as error:
            self._requests.lost.append(f"{time.time():.3f} {error!r}")
            self._close(writer)
            return True
        self._requests.answered[int(head.split()[1])] += 1
        if not self._keep_alive or names.get("connection") == "close":
            self._close(writer)
        return True

    def _close(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        self._streams = None
