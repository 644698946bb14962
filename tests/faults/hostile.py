"""A target that is hostile in a chosen way: `python hostile.py` prints its port and serves.

`POST /<behaviour>` is answered as BEHAVIOURS says, once the whole request has been read and counted. A right
reply repeats the record's `id`. `GET /seen` tells how many requests for each behaviour were read.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
HEADER = b"X-Padding: " + b"x" * 1000 + b"\r\n"


@dataclass
class Exchange:
    """A request that was read, and the connection that it came on."""

    number: int
    """On this connection, from 1."""
    body: bytes
    """The right reply's body."""
    writer: asyncio.StreamWriter

    @property
    def reply(self) -> bytes:
        """The right reply."""
        return compose(b"Content-Length: %d\r\n" % len(self.body), self.body)

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.writer.transport.abort()


def compose(headers: bytes, body: bytes, status: bytes = b"200 OK") -> bytes:
    """A reply with these header lines."""
    return b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, headers, body)


def send_and_keep(make: Callable[[Exchange], bytes]) -> Callable[[Exchange], Awaitable[bool]]:
    """Send what `make` returns; the connection goes on."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.send(make(exchange))
        return True

    return behave


def send_and_close(make: Callable[[Exchange], bytes]) -> Callable[[Exchange], Awaitable[bool]]:
    """Send what `make` returns and close the connection."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.send(make(exchange))
        return False

    return behave


async def reset(exchange: Exchange) -> bool:
    """Reset the connection without a reply."""
    exchange.reset()
    return False


async def reset_when_reused(exchange: Exchange) -> bool:
    """Answer the first request on a connection; reset the connection at the second."""
    if exchange.number > 1:
        return await reset(exchange)
    await exchange.send(exchange.reply)
    return True


async def answer_byte_by_byte(exchange: Exchange) -> bool:
    """Send each byte of the reply in a packet of its own."""
    for byte in exchange.reply:
        await exchange.send(bytes((byte,)))
        await asyncio.sleep(0)
    return True


async def trickle(exchange: Exchange) -> bool:
    """Send a byte every tenth of a second: each is soon there, the reply never."""
    for byte in exchange.reply:
        await exchange.send(bytes((byte,)))
        await asyncio.sleep(0.1)
    return True


async def half_close(exchange: Exchange) -> bool:
    """End the stream in the middle of the reply, and go on reading."""
    await exchange.send(exchange.reply[:-5])
    exchange.writer.write_eof()
    return True


async def never_answer(_: Exchange) -> bool:
    """Hold the connection, and say nothing."""
    await asyncio.sleep(3600)
    return False


async def never_end(exchange: Exchange) -> bool:
    """Send chunk after chunk, without end."""
    await exchange.send(compose(b"Transfer-Encoding: chunked\r\n", b""))
    while True:
        await exchange.send(b"4000\r\n%b\r\n" % bytes(0x4000))
        await asyncio.sleep(0.01)


async def flood(exchange: Exchange) -> bool:
    """Send a body without end, as fast as it is read."""
    await exchange.send(compose(b"Content-Length: 1000000000000\r\n", b""))
    piece = bytes(2**20)
    while True:
        await exchange.send(piece)


BEHAVIOURS: dict[str, Callable[[Exchange], Awaitable[bool]]] = {
    "right": send_and_keep(lambda each: each.reply),
    "byte-by-byte": answer_byte_by_byte,
    "interim": send_and_keep(
        lambda each: (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + each.reply
        )
    ),
    "100-kb-of-headers": send_and_keep(
        lambda each: compose(100 * HEADER + b"Content-Length: %d\r\n" % len(each.body), each.body)
    ),
    "no-length": send_and_close(lambda each: compose(b"", each.body)),
    "http-1.0": send_and_close(lambda each: compose(b"", each.body).replace(b"/1.1", b"/1.0", 1)),
    "chunks": send_and_keep(
        lambda each: compose(
            b"Transfer-Encoding: chunked\r\n",
            b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in each.body) + b"0\r\nX-Trailer: 1\r\n\r\n",
        )
    ),
    "closes-after-its-reply": send_and_close(lambda each: each.reply),
    "resets-reused": reset_when_reused,
    "resets": reset,
    "closes": send_and_close(lambda _: b""),
    "half-closes": half_close,
    "garbage": send_and_close(lambda _: bytes(range(256))),
    "another-protocol": send_and_close(lambda _: b"SSH-2.0-OpenSSH_9.2\r\n"),
    "empty": send_and_keep(lambda _: compose(b"Content-Length: 0\r\n", b"")),
    "length-too-long": send_and_close(
        lambda each: compose(b"Content-Length: %d\r\n" % (len(each.body) + 9), each.body)
    ),
    "length-too-short": send_and_keep(
        lambda each: compose(b"Content-Length: %d\r\n" % (len(each.body) - 2), each.body)
    ),
    "length-negative": send_and_close(lambda each: compose(b"Content-Length: -5\r\n", each.body)),
    "two-lengths": send_and_close(
        lambda each: compose(b"Content-Length: 3\r\nContent-Length: 9\r\n", each.body)
    ),
    "length-and-chunks": send_and_close(
        lambda each: compose(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"zz\r\n" + each.body)
    ),
    "bad-chunks": send_and_close(
        lambda each: compose(b"Transfer-Encoding: chunked\r\n", b"zz\r\n" + each.body)
    ),
    "cut-chunks": send_and_close(
        lambda each: compose(b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n" % (len(each.body), each.body))
    ),
    "answers-twice": send_and_keep(lambda each: each.reply + each.reply),
    "redirects": send_and_keep(
        lambda _: compose(b"Location: /right\r\nContent-Length: 0\r\n", b"", b"307 Temporary Redirect")
    ),
    "gzip": send_and_keep(
        lambda each: compose(
            b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(gzip.compress(each.body)),
            gzip.compress(each.body),
        )
    ),
    "switches-protocols": send_and_keep(
        lambda each: (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + each.reply
        )
    ),
    "never-answers": never_answer,
    "trickles": trickle,
    "never-ends": never_end,
    "floods": flood,
}


class Target:
    """Reads requests and behaves as their paths say."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until somebody closes it."""
        number = 0
        try:
            while True:
                number += 1
                method, path, content = await read_request(reader)
                if method == "GET":
                    found = json.dumps(self._seen).encode()
                    writer.write(compose(b"Content-Length: %d\r\n" % len(found), found))
                    continue
                behaviour = path.strip("/")
                self._seen[behaviour] += 1
                body = json.dumps({"id": json.loads(content)["id"]}).encode()
                if not await BEHAVIOURS[behaviour](Exchange(number, body, writer)):
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    """Method, path and body of the next request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
    return method, path, await reader.readexactly(int(headers.get("content-length", 0)))


async def main() -> None:
    """Serve until SIGTERM, or until whoever started this is gone."""
    server = await asyncio.start_server(Target().serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(main())
