"""A service of known capacity: `python queue_service.py SERVERS MEAN_S PORT`, with exponential times.

It sleeps in place of work, so that its capacity is that of the M/M/c queue whatever the machine does.
"""

from __future__ import annotations

import asyncio
import random
import sys

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"charges": 1.}'


async def serve(servers: int, mean_s: float, port: int) -> None:
    free, times = asyncio.Semaphore(servers), random.Random(7)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.lower().split(b"\r\n")
                length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
                await reader.readexactly(length)
                if b"/api/health" not in lines[0]:
                    async with free:
                        await asyncio.sleep(times.expovariate(1 / mean_s))
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
