"""The log's lines: one for each record, whatever it holds, and the configured share of requests."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.observability.logs import BackgroundHandler, JsonFormatter, RequestLog


class Log:
    """A logger that writes to a file through a `BackgroundHandler`; a flush may take as long as it needs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w")
        self.handler = BackgroundHandler(self._file, flush_s=60.0)
        self.handler.setFormatter(JsonFormatter())
        self.logger = logging.Logger("tested")
        self.logger.addHandler(self.handler)

    def lines(self) -> list[dict[str, Any]]:
        """All that was logged so far."""
        self.handler.flush()
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "log")
    yield log
    log.close()


def test_flushed_is_written(log: Log) -> None:
    log.logger.info("one")
    assert [line["message"] for line in log.lines()] == ["one"]
    log.logger.info("two of %d", 2)
    assert [line["message"] for line in log.lines()] == ["one", "two of 2"]


def test_a_record_that_cannot_be_formatted_is_the_only_one_lost(log: Log) -> None:
    """The log says where it was logged and what is wrong. The next record is written as usual."""
    log.logger.info("%d rows", "many")
    log.logger.info("fine", extra={"detail": object()})
    log.logger.info("good")
    wrong, unknown, good = log.lines()
    assert wrong["level"] == "ERROR"
    assert f"a record of {__file__}:" in wrong["message"]
    assert "TypeError" in wrong["message"]
    assert "not JSON serializable" in unknown["message"]
    assert good["message"] == "good"


def test_a_lone_surrogate_in_a_message_is_written_escaped(log: Log) -> None:
    """An exception of a model may hold any text; what was logged before and after it is there, too."""
    for message in ("before", "wrong: \udc80", "after"):
        log.logger.info(message)
    assert [line["message"] for line in log.lines()] == ["before", "wrong: \udc80", "after"]


def test_a_flush_into_a_pipe_that_nobody_reads_returns() -> None:
    """More is queued than the pipe holds: the caller goes on, and a later reader gets all of it."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as pipe, os.fdopen(writing, "w") as file:
        handler = BackgroundHandler(file, flush_s=0.01)
        handler.handle(logging.makeLogRecord({"msg": "x" * 1_000_000}))
        handler.handle(logging.makeLogRecord({"msg": "y"}))
        handler.flush()
        text = b""
        while not text.endswith(b"y\n"):
            text += pipe.read(100_000)
        assert text == b"x" * 1_000_000 + b"\ny\n"


@pytest.mark.parametrize(
    ("share", "requests", "lines"),
    [
        (0.0, 1_000, 0),
        (0.01, 1_000, 10),
        (0.4, 10, 4),
        (0.7, 1_000, 700),
        (1.0, 10, 10),
        (1 / 3, 3_001, 1_000),
    ],
)
def test_the_configured_share_of_requests_is_logged(share: float, requests: int, lines: int) -> None:
    log = RequestLog(share)
    assert sum(log.should_log(200) for _ in range(requests)) == lines


@pytest.mark.parametrize("status", [500, 504])
def test_a_failure_is_always_logged(status: int) -> None:
    log = RequestLog(0.0)
    assert [log.should_log(each) for each in (200, status, 400)] == [False, True, False]


class Clock:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_refusals_are_logged_up_to_a_number_a_second_and_the_others_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    log = RequestLog(0.0, refusals_per_s=3, clock=clock)
    assert [log.should_log(503) for _ in range(5)] == [True] * 3 + [False] * 2
    assert log.should_log(500)
    assert not log.should_log(200)
    assert caplog.messages == [], "the second is not over"
    clock.now_s = 1.5
    assert log.should_log(503), "a new second"
    assert caplog.messages == ["2 more requests were refused (503)"]
    log.tell_left_out()
    assert len(caplog.messages) == 1, "nothing is told twice"


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, "INFO"), (400, "INFO"), (499, "INFO"), (500, "ERROR"), (503, "WARNING"), (504, "WARNING")],
)
def test_the_level_of_a_request_follows_from_its_status(
    caplog: pytest.LogCaptureFixture, status: int, level: str
) -> None:
    with caplog.at_level("INFO"):
        RequestLog(1.0).write(status, request_id="mine", latency_ms=1.5, detail=None)
    (record,) = caplog.records
    assert record.levelname == level


def test_each_line_has_the_same_fields(log: Log) -> None:
    """Also one that is not about a request."""
    log.logger.info("started")
    log.logger.info(
        "request", extra={"request_id": "mine", "latency_ms": 1.5, "detail": None, "queue_depth": 0}
    )
    started, request = log.lines()
    fields = {"timestamp", "level", "logger", "message", "request_id", "latency_ms", "detail"}
    assert started.keys() == fields
    assert (started["request_id"], started["latency_ms"], started["detail"]) == (None, None, "")
    assert request.keys() == fields | {"queue_depth"}
    assert (request["request_id"], request["latency_ms"], request["detail"]) == ("mine", 1.5, "")
