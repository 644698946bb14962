"""A service that answers and, on some paths, gives one wrong reply in 500: `python answering.py [clean]`.

It prints its port and serves. A reply repeats the record's `id`, with a label and a score; a record without
a number `x` gets 422. `POST /<fault>` gives the wrong reply of that name, with the argument `clean` never.
`POST /rows/<fault>` takes a list of records. `GET /wrong` tells how many wrong replies each path has given.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

EVERY = 500
FIRST = 5
"""The number of the first wrong reply on each path."""


def answer(record: Any) -> dict[str, Any] | None:
    """The right reply to a record; None if the record is invalid."""
    if not isinstance(record, dict) or type(record.get("id")) is not int:
        return None
    number, x = record["id"], record.get("x")
    if type(x) not in (int, float) or not 0 <= x <= 1:
        return None
    label = "cat" if x < 0.5 else "dog"
    return {"id": number, "label": label, "score": x, "model": {"version": 3, "parts": [x, 1 - x]}}


FAULTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "right": lambda reply: reply,
    "nan": lambda reply: reply | {"score": float("nan")},
    "dropped": lambda reply: {name: value for name, value in reply.items() if name != "label"},
    "label": lambda reply: reply | {"label": "banana"},
    "range": lambda reply: reply | {"score": 1.5},
    "truncated": lambda reply: json.dumps(reply).encode()[:-9],
    "html": lambda _: b"<!doctype html><title>Bad Gateway</title>",
    "echo": lambda reply: reply | {"id": reply["id"] + 1},
    "schema": lambda reply: reply | {"model": {"version": "3", "parts": reply["model"]["parts"]}},
    "parts": lambda reply: reply | {"model": {"version": 3, "parts": [0.5, None]}},
    "refusal": lambda reply: reply,
}
ROW_FAULTS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "swapped": lambda replies: replies[::-1],
    "missing": lambda replies: replies[1:],
}


class Service:
    """Answers requests; every `EVERY`th of a path wrongly."""

    def __init__(self, clean: bool) -> None:
        self.clean = clean
        self.asked: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until somebody closes it."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, reply = self.reply(method, path, body)
                content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
                writer.write(
                    b"HTTP/1.1 %d Told\r\nContent-Length: %d\r\n\r\n%b" % (status, len(content), content)
                )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def reply(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """The status and the body of a reply."""
        if method == "GET":
            return (200, dict(self.wrong)) if path == "/wrong" else (404, {})
        fault = path.rpartition("/")[2]
        sent = json.loads(body)
        self.asked[fault] += 1
        is_wrong = not self.clean and fault != "right" and self.asked[fault] % EVERY == FIRST
        self.wrong[fault] += is_wrong
        if path.startswith("/rows/"):
            replies = [reply for record in sent if (reply := answer(record)) is not None]
            return 200, ROW_FAULTS[fault](replies) if is_wrong else replies
        reply = answer(sent)
        if reply is None:
            return (200, {"id": 0, "label": "cat", "score": 0}) if is_wrong else (422, {})
        return 200, FAULTS[fault](reply) if is_wrong else reply


async def main() -> None:
    """Serve until SIGTERM, or until whoever started this is gone."""
    service = Service("clean" in sys.argv[1:])
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(main())
