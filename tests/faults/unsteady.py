"""A model service whose answers go wrong: `python unsteady.py MUTATION` prints its port and serves.

It answers `{"score", "label", "id"}` of a record `{"a", "b"}`; `id` differs from reply to reply. One reply in
`EVERY` is wrong once `CALM` were right; `drifting` and `constant` are wrong in every reply from there on. A
`noisy` score differs a little from reply to reply, which is right.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from itertools import count
from typing import Any, Final

EVERY: Final = 500
CALM: Final = 600
"""More than the replies at rest."""
LABELS: Final = ("cat", "dog", "bird")


def predict(record: dict[str, float]) -> dict[str, Any]:
    """What a good service answers."""
    score = 0.7 * record["a"] - 0.3 * record["b"]
    return {"score": score, "label": LABELS[int(abs(score) * 10) % 3]}


class Service:
    """Answers predictions, some of them wrong."""

    def __init__(self, mutation: str) -> None:
        self._mutation = mutation
        self._numbers = count(1)
        self._chance = random.Random(7)
        self._last: dict[str, Any] = {}
        self._swapped: dict[str, Any] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until somebody closes it."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
                content = await reader.readexactly(int(headers.get("content-length", 0)))
                status, told = (
                    (404, {}) if head.startswith("GET") else (200, self._answer(json.loads(content)))
                )
                body = json.dumps(told).encode()
                writer.write(b"HTTP/1.1 %d Told\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    def _answer(self, record: Any) -> Any:
        number = next(self._numbers)
        if isinstance(record, list):
            told: Any = [predict(each) for each in record]
            if self._mutation == "swapped rows" and number > CALM and number % EVERY == 0:
                told[0], told[1] = told[1], told[0]
            return told
        right = {**predict(record), "id": number}
        if self._mutation == "noisy":
            right["score"] += self._chance.gauss(0.0, 0.001)
        told = self._spoil(right, number) if number > CALM else right
        self._last = right
        return told

    def _spoil(self, right: dict[str, Any], number: int) -> dict[str, Any]:
        if self._swapped is not None:
            told, self._swapped = self._swapped, None
            return told
        match self._mutation:
            case "constant":
                return {"score": 0.125, "label": "cat", "id": number}
            case "drifting":
                return {**right, "score": right["score"] * 1.02}
        if number % EVERY:
            return right
        match self._mutation:
            case "swapped":
                self._swapped = right
                return self._last
            case "stale":
                return self._last
            case "wrong label":
                other = LABELS[(LABELS.index(right["label"]) + 1) % len(LABELS)]
                return {**right, "label": other}
        return right


async def main() -> None:
    """Serve until SIGTERM, or until whoever started this is gone."""
    server = await asyncio.start_server(Service(sys.argv[1]).serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(main())
