"""The service's log: one JSON object a line, and request lines that are written off the hot path."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any, NamedTuple

_SANE_ID = re.compile(rb"[0-9A-Za-z_.:-]{1,64}")
_WRITE_EVERY_S = 0.2
_MOST_WAITING = 10_000
_FAILURES = (500, 504)
_FIELDS = ("request_id", "method", "path", "status_code", "latency_ms", "queue_depth", "detail")

logger = logging.getLogger("service.requests")


def new_request_id() -> bytes:
    """12 random hexadecimal digits."""
    return os.urandom(6).hex().encode()


def request_id(headers: list[tuple[bytes, bytes]]) -> bytes:
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


class RequestLine(NamedTuple):
    """What the log says of one request; `at_s` is when it ended, in seconds since the epoch."""

    at_s: float
    request_id: str
    method: str
    path: str
    status_code: int
    latency_ms: float
    queue_depth: int
    detail: str | None


class RequestLog:
    """Collects lines on the event loop and has a thread of its own write them, five times a second.

    One request in `1 / share` leaves a line, and each that failed (500, 504). A slow terminal or a full disk
    holds up that thread and no request; of what waits then the oldest lines go, and the log says how many.
    """

    def __init__(self, share: float) -> None:
        self._stride = round(1.0 / share) if share > 0.0 else 0
        self._requests = 0
        self._waiting: deque[RequestLine] = deque(maxlen=_MOST_WAITING)
        self._lost = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def wants(self, status: int) -> bool:
        """Whether the request that ends now, with this status, leaves a line."""
        self._requests += 1
        return status in _FAILURES or (self._stride > 0 and self._requests % self._stride == 0)

    def note(self, line: RequestLine) -> None:
        """Keep a line for the thread."""
        if len(self._waiting) == _MOST_WAITING:
            self._lost += 1
        self._waiting.append(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_on, name="request-log", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what waits."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def _write_on(self) -> None:
        while not self._stop.wait(_WRITE_EVERY_S):
            self.write()
        self.write()

    def write(self) -> None:
        """Hand what waits to the logger of the requests."""
        while self._waiting:
            line = self._waiting.popleft()
            failed = line.status_code in _FAILURES
            level = logging.ERROR if failed else logging.INFO
            fields = dict(zip(_FIELDS, line[1:], strict=True))
            record = logger.makeRecord(logger.name, level, __file__, 0, "request", (), None, extra=fields)
            record.created = line.at_s
            if logger.isEnabledFor(level):
                logger.handle(record)
        if self._lost:
            lost, self._lost = self._lost, 0
            logger.warning("%d request lines were lost: the log could not be written fast enough", lost)
