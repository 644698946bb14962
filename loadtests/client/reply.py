"""A reply of the service, and the parser that fills it from received bytes."""

from __future__ import annotations

from typing import Any, Final

import httptools

FINAL: Final = 200
"""Replies with a lower status are interim: another one follows."""
SWITCHING: Final = 101
"""The exception: what follows it is not HTTP."""

_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
"""Headers that say where the body ends; without them it ends with the stream."""
_LENGTHS: Final = frozenset(map(len, (*_FRAMING, b"server-timing", b"retry-after")))
"""A header whose name has another length is not needed: the cheapest test comes first."""
MOST_REPLY_BYTES: Final = 256 * 2**20
"""A longer reply is not read to its end: replies are held whole, one in each connection."""
MOST_HEAD_BYTES: Final = 2**20
"""The same of its head, with the interim replies before it."""
MOST_KEPT_BYTES: Final = 4096
"""So much is kept of the body of a reply that was too long, for who looks for the cause."""
UNREAD: Final = object()
"""Stands for the value of a body that nobody has read as JSON."""


class OversizedReplyError(Exception):
    """A reply is longer than is read; the argument says what it was, in words."""


class Reply:
    """One answer, or how the exchange failed.

    `failure` is None, 'timeout', 'refused', 'reset' or 'invalid_reply'; 'no_descriptor' or 'no_port' if this
    machine had none left.
    """

    failure: str | None = None
    invalid = "what is no HTTP"
    """What an `invalid_reply` was, in words."""
    outcome = ""
    """One of `reports.data.samples.OUTCOMES`, once the reply has been checked."""
    status = 0
    body: bytes | bytearray = b""
    received_bytes = 0
    retry_after = False
    server_timing: bytes | None = None
    first_bytes: bytes = b""
    """What arrived first: the heads of interim replies, that of the final one, and what came with it."""
    value: Any = UNREAD
    """The JSON value of the body, once a check has read it."""
    taken: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed
    """The values that a check took out of it, by name."""
    resent = False
    """Whether the request was sent twice, because the server closed the connection as it was sent."""

    def list_headers(self) -> list[tuple[str, str]]:
        """The header fields of the final reply."""
        head, _, rest = self.first_bytes.partition(b"\r\n\r\n")
        while head[9:10] == b"1" and rest:  # interim
            head, _, rest = rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[1:]
        return [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]

    def find_header(self, name: str) -> str | None:
        """The value of a header field of the final reply; None if it has none."""
        return next((value for held, value in self.list_headers() if held.lower() == name.lower()), None)


def require_bounded(size: int) -> None:
    """OversizedReplyError for a reply of more bytes than are read."""
    if size > MOST_REPLY_BYTES:
        raise OversizedReplyError(f"a reply of more than {MOST_REPLY_BYTES >> 20} MiB")


class ReplyParser:
    """Parses the bytes that one connection receives, one reply after the other."""

    __slots__ = ("_bodiless", "_framed", "_headed", "_parser", "complete", "keep_alive", "reply")

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)

    def expect(self, reply: Reply, bodiless: bool = False) -> None:
        """Fill `reply` from the next bytes; one to HEAD is `bodiless`, whatever its head says.

        After a reply without body the parser still waits for it: another one is needed.
        """
        self._bodiless = bodiless
        self.reply = reply
        self.keep_alive = True
        self.complete = False
        self._framed = False
        self._headed = False

    def feed(self, data: bytes) -> None:
        """Parse received bytes; HttpParserError if they are not HTTP, OversizedReplyError if too many."""
        reply = self.reply
        if not self._headed:
            reply.first_bytes = reply.first_bytes + data if reply.first_bytes else data
            if len(reply.first_bytes) > MOST_HEAD_BYTES:
                raise OversizedReplyError(f"a head of more than {MOST_HEAD_BYTES >> 20} MiB")
        reply.received_bytes += len(data)
        require_bounded(reply.received_bytes)
        self._parser.feed_data(data)

    def feed_end(self) -> None:
        """End a reply whose head does not say where it ends; EOFError for any other incomplete reply."""
        if self._framed or not self._headed:
            raise EOFError("the connection ended before the reply did")
        self.reply.status = self._parser.get_status_code()
        self.keep_alive = False
        self.complete = True

    # The parser calls the methods below.

    def on_message_begin(self) -> None:
        """Begin a reply; one that nobody asked for is dropped, and its connection is not used again."""
        if self.complete:
            self.keep_alive = False
            self.reply = Reply()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the few headers that measuring and framing need."""
        if len(name) not in _LENGTHS:
            return
        name = name.lower()
        if name in _FRAMING:
            self._framed = True
        elif name == b"server-timing":
            told = self.reply.server_timing
            self.reply.server_timing = value if told is None else told + b", " + value
        elif name == b"retry-after":
            self.reply.retry_after = True

    def on_headers_complete(self) -> None:
        """Note that the head is complete."""
        self._headed = True
        if self._bodiless and self._parser.get_status_code() >= FINAL:
            self.reply.status = self._parser.get_status_code()
            self.keep_alive = self._parser.should_keep_alive()
            self.complete = True

    def on_body(self, body: bytes) -> None:
        """Collect the body, which arrives in pieces."""
        reply = self.reply
        if not reply.body:
            reply.body = body
        else:
            if isinstance(reply.body, bytes):
                reply.body = bytearray(reply.body)
            reply.body += body

    def on_message_complete(self) -> None:
        """End the reply, or an interim one before it (RFC 9110, 15.2)."""
        status = self._parser.get_status_code()
        if status < FINAL and status != SWITCHING:
            self._drop_interim()
        elif not self.complete:
            self.reply.status = status
            self.keep_alive = self._parser.should_keep_alive()
            self.complete = True

    def _drop_interim(self) -> None:
        """Forget what an interim reply said: it does not hold for the final one."""
        self._framed = self._headed = False
        self.reply.server_timing = None
        self.reply.retry_after = False
