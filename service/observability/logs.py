"""The service's log: one JSON object a line, formatted and written outside the request path."""

from __future__ import annotations

import json
import logging
import random
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, TextIO

_VALID_ID = re.compile(rb"[0-9A-Za-z_.:-]{1,64}")
_WRITE_EVERY_S = 0.1
_FLUSH_S = 1.0
_MAX_WAITING = 10_000
_REFUSED = 503
_LEVELS = {500: logging.ERROR, _REFUSED: logging.WARNING, 504: logging.WARNING}
"""Levels of requests that failed; all others are INFO."""
_FIELDS = {"request_id": None, "latency_ms": None, "detail": ""}
"""Fields of each record, with their values in a record that is not about one request."""
_REQUEST_FIELDS = ("method", "path", "status_code", "queue_depth")

logger = logging.getLogger("service.requests")


def make_request_id() -> bytes:
    """Make an id of 12 random hexadecimal digits."""
    return b"%012x" % random.getrandbits(48)


def choose_request_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The client's `X-Request-ID` if it is 1 to 64 letters, digits or `_.:-`, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _VALID_ID.fullmatch(value):
            return value
    return make_request_id()


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line; a traceback is a string in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one line."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told = vars(record)
        line |= {name: absent if told.get(name) is None else told[name] for name, absent in _FIELDS.items()}
        line |= {name: told[name] for name in _REQUEST_FIELDS if name in told}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class BackgroundHandler(logging.Handler):
    """Formats and writes the records in a background thread, ten times a second.

    A slow terminal, a full disk or a pipe that nobody reads blocks that thread only, neither a request nor
    the end of the process. If too many records wait, the oldest are dropped, and the log says how many. The
    file descriptor of `stream` is written to directly: a thread blocked inside the stream's own buffer would
    make the interpreter abort at exit. `flush` waits for at most `flush_s` seconds.
    """

    def __init__(self, stream: TextIO | None = None, flush_s: float = _FLUSH_S) -> None:
        super().__init__()
        self._flush_s = flush_s
        self._file = open((stream or sys.stderr).fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115
        self._waiting: deque[logging.LogRecord] = deque(maxlen=_MAX_WAITING)
        self._dropped = 0
        self._wake_up = threading.Event()
        self._flushes: deque[threading.Event] = deque()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record for the thread."""
        if len(self._waiting) == _MAX_WAITING:
            self._dropped += 1
        self._waiting.append(record)
        if not self._wake_up.is_set():
            self._wake_up.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Wait until the queued records are written, or `flush_s` has passed. Called at exit, too."""
        if self._thread is not None:
            written = threading.Event()
            self._flushes.append(written)
            self._wake_up.set()
            written.wait(self._flush_s)

    def _run(self) -> None:
        while self._wake_up.wait():
            self._wake_up.clear()
            flushes = [self._flushes.popleft() for _ in range(len(self._flushes))]
            try:
                self._write("".join(f"{line}\n" for line in self._lines()).encode(errors="backslashreplace"))
            except OSError:  # the stream is closed or its disk is full: there is nowhere to report it
                self._waiting.clear()
            for written in flushes:
                written.set()
            time.sleep(_WRITE_EVERY_S)

    def _lines(self) -> Iterator[str]:
        while self._waiting:
            record = self._waiting.popleft()
            try:
                yield self.format(record)
            except Exception as error:
                place = f"{record.pathname}:{record.lineno}"
                yield self._format_own("ERROR", f"a record of {place} can't be formatted: {error!r}")
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            yield self._format_own(
                "WARNING", f"{dropped} records were lost: the log could not be written fast enough"
            )

    def _format_own(self, level: str, message: str) -> str:
        return self.format(logging.makeLogRecord({"name": __name__, "levelname": level, "msg": message}))

    def _write(self, text: bytes) -> None:
        while text:
            text = text[self._file.write(text) :]


class RequestLog:
    """Decides which requests are logged: the given share, evenly spread, and those that failed.

    500 and 504 are always logged. Of refusals (503) at most `refusals_per_s` are logged within a second,
    because a refusal must stay cheap; how many more there were is logged with the next request.
    """

    def __init__(
        self, share: float, refusals_per_s: int = 100, clock: Callable[[], float] = time.monotonic
    ) -> None:
        # As integers, which add up exactly: 0.7 is 7 of 10.
        self._numerator, self._denominator = Fraction(str(share)).as_integer_ratio()
        self._due = 0
        self._refusals_per_s = refusals_per_s
        self._clock = clock
        self._second_ends_s = 0.0
        self._refusals = 0
        self._left_out = 0

    def should_log(self, status: int) -> bool:
        """Whether to log the request that ended now with this status."""
        if self._left_out and self._clock() >= self._second_ends_s:
            self.tell_left_out()
        self._due += self._numerator
        if self._due >= self._denominator:
            self._due -= self._denominator
            return True
        return self._admits_refusal() if status == _REFUSED else status in _LEVELS

    def write(self, status: int, **fields: object) -> None:
        """Log a request; the fields are those of `JsonFormatter`."""
        level = _LEVELS.get(status, logging.INFO)
        logger.log(level, "request", extra={"status_code": status, **fields})

    def tell_left_out(self) -> None:
        """Log how many refusals were not logged since the last time, if any."""
        if self._left_out:
            logger.warning("%d more requests were refused (503)", self._left_out)
            self._left_out = 0

    def _admits_refusal(self) -> bool:
        now_s = self._clock()
        if now_s >= self._second_ends_s:
            self._second_ends_s, self._refusals = now_s + 1.0, 0
        self._refusals += 1
        if self._refusals <= self._refusals_per_s:
            return True
        self._left_out += 1
        return False
