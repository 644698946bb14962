"""The service's log: one JSON object a line, formatted and written off the hot path."""

from __future__ import annotations

import json
import logging
import random
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, TextIO

_SANE_ID = re.compile(rb"[0-9A-Za-z_.:-]{1,64}")
_WRITE_EVERY_S = 0.1
_PATIENCE_S = 1.0
_MOST_WAITING = 10_000
_FAILURES = (500, 504)
_FIELDS = ("request_id", "method", "path", "status_code", "latency_ms", "queue_depth", "detail")

logger = logging.getLogger("service.requests")


def new_request_id() -> bytes:
    """12 random hexadecimal digits."""
    return b"%012x" % random.getrandbits(48)


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The client's `X-Request-ID` if it is sane (1 to 64 letters, digits or `_.:-`), else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value
    return new_request_id()


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line; a traceback is a string in it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name in _FIELDS if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class BackgroundHandler(logging.Handler):
    """Has a thread of its own format and write the records, ten times a second.

    A slow terminal, a full disk or a pipe nobody reads holds up that thread, no request and not the end of
    the process. Of what then waits the oldest records go, and the log says how many. `stream` has to have a
    descriptor, which is written to directly: with a thread stuck in the stream's own buffer, the interpreter
    would abort at its end.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._file = open((stream or sys.stderr).fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115
        self._waiting: deque[logging.LogRecord] = deque(maxlen=_MOST_WAITING)
        self._lost = 0
        self._news = threading.Event()
        self._asked: deque[threading.Event] = deque()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record for the thread."""
        if len(self._waiting) == _MOST_WAITING:
            self._lost += 1
        self._waiting.append(record)
        if not self._news.is_set():
            self._news.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Have what waits written, within a second or not at all; the end of the process calls it."""
        if self._thread is not None:
            written = threading.Event()
            self._asked.append(written)
            self._news.set()
            written.wait(_PATIENCE_S)

    def _write_on(self) -> None:
        while self._news.wait():
            self._news.clear()
            asked = [self._asked.popleft() for _ in range(len(self._asked))]
            try:
                self._write("".join(f"{line}\n" for line in self._lines()).encode())
            except OSError:  # the stream is closed or its disk is full: nowhere left to say so
                self._waiting.clear()
            for each in asked:
                each.set()
            time.sleep(_WRITE_EVERY_S)

    def _lines(self) -> Iterator[str]:
        while self._waiting:
            record = self._waiting.popleft()
            try:
                yield self.format(record)
            except Exception as error:
                place = f"{record.pathname}:{record.lineno}"
                yield self._own_line("ERROR", f"a record of {place} can't be formatted: {error!r}")
        if self._lost:
            lost, self._lost = self._lost, 0
            yield self._own_line(
                "WARNING", f"{lost} records were lost: the log could not be written fast enough"
            )

    def _own_line(self, level: str, told: str) -> str:
        return self.format(logging.makeLogRecord({"name": __name__, "levelname": level, "msg": told}))

    def _write(self, text: bytes) -> None:
        while text:
            text = text[self._file.write(text) :]


class RequestLog:
    """Says which requests leave a line: the given share, evenly spread, and each that failed (500, 504)."""

    def __init__(self, share: float) -> None:
        # As whole numbers, which add up exactly: 0.7 is 7 of 10.
        self._share, self._whole = Fraction(str(share)).as_integer_ratio()
        self._due = 0

    def wants(self, status: int) -> bool:
        """Whether the request that ends now, with this status, leaves a line."""
        self._due += self._share
        if self._due < self._whole:
            return status in _FAILURES
        self._due -= self._whole
        return True

    def write(self, status: int, **fields: object) -> None:
        """Log a request; the fields are those of `JsonFormatter`."""
        level = logging.ERROR if status in _FAILURES else logging.INFO
        logger.log(level, "request", extra={"status_code": status, **fields})
