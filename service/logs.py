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
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

_SANE_ID = re.compile(rb"[0-9A-Za-z_.:-]{1,64}")
_WRITE_EVERY_S = 0.1
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

    A slow terminal, a full disk or a pipe nobody reads holds up that thread and no request. Of what then
    waits the oldest records go, and the log says how many.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._waiting: deque[logging.LogRecord] = deque(maxlen=_MOST_WAITING)
        self._lost = 0
        self._news = threading.Event()
        self._writing = threading.Lock()
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
        """Write what waits; the end of the process calls it."""
        with self._writing:
            lines = []
            while self._waiting:
                lines.append(self.format(self._waiting.popleft()))
            if self._lost:
                lost, self._lost = self._lost, 0
                told = f"{lost} records were lost: the log could not be written fast enough"
                lines.append(self.format(logging.makeLogRecord({"msg": told, "levelname": "WARNING"})))
            if lines:
                self._stream.write("\n".join([*lines, ""]))
                self._stream.flush()

    def _write_on(self) -> None:
        while self._news.wait():
            self._news.clear()
            try:
                self.flush()
            except (OSError, ValueError):  # the stream is closed or its disk is full: nowhere left to say so
                self._waiting.clear()
            time.sleep(_WRITE_EVERY_S)


class RequestLog:
    """Says which requests leave a line: one in `1 / share`, and each that failed (500, 504)."""

    def __init__(self, share: float) -> None:
        self._stride = round(1.0 / share) if share > 0.0 else 0
        self._requests = 0

    def wants(self, status: int) -> bool:
        """Whether the request that ends now, with this status, leaves a line."""
        self._requests += 1
        return status in _FAILURES or (self._stride > 0 and self._requests % self._stride == 0)

    def write(self, status: int, **fields: object) -> None:
        """Log a request; the fields are those of `JsonFormatter`."""
        level = logging.ERROR if status in _FAILURES else logging.INFO
        logger.log(level, "request", extra={"status_code": status, **fields})
