"""Replies of any bytes: good ones that were changed and cut, and a server that sends them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Sequence

from hypothesis import strategies as st

from loadtests.client.target import Target


@st.composite
def mutate_bytes(draw: st.DrawFn, good: Sequence[bytes], pieces: Sequence[bytes] = ()) -> bytes:
    """One of the good texts with some of its bytes removed, repeated, replaced or added."""
    text = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 4))):
        start, stop = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        added = draw(st.sampled_from((b"", 2 * text[start:stop], *pieces)) | st.binary(max_size=6))
        text = text[:start] + added + text[stop:]
    return text


@st.composite
def cut_bytes(draw: st.DrawFn, texts: st.SearchStrategy[bytes], most: int = 3) -> list[bytes]:
    """A text in pieces that arrive one after the other."""
    whole = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=most)))
    return [whole[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


class Answering:
    """A server that sends its pieces to the first request on a connection, and ends the stream."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = Target("127.0.0.1", self._listener.getsockname()[1], tls=False, prefix="")
        self.pieces: Sequence[bytes] = ()
        self.ended = threading.Event()
        """Whether the client has all that comes, or has closed the connection."""
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            with accepted:
                with contextlib.suppress(OSError):
                    self._answer(accepted)
                self.ended.set()
                with contextlib.suppress(OSError):
                    accepted.recv(1)

    def _answer(self, accepted: socket.socket) -> None:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.recv(65_536)
        for piece in self.pieces:
            accepted.sendall(piece)
        accepted.shutdown(socket.SHUT_WR)
