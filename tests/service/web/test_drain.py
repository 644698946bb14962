"""Graceful shutdown: exit code 0 whatever clients leave undone, and no accepted request is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import yaml
from rest_model_service.schemas import ReadinessStatus
from rest_model_service.status_manager import StatusManager

from service.web.drain import LAST_REQUESTS_S, Drain
from service.web.listening import have_waiting
from tests.service.live_service import (
    ODD_PREDICTION,
    PATIENCE_S,
    PERSON,
    ROOT,
    Gate,
    connect,
    get,
    is_listening,
    is_ready,
    metric,
    odd_model,
    post_at_once,
    read_start,
    request_head,
    until,
)
from tests.service.virtual_time import VirtualLoop, run

DEADLINES = {"deadline_ms": 300, "explicit_batch": {"deadline_ms": 500}}
"""Short, because tests wait until they have passed. A busy machine makes them pass earlier in a test, which
changes nothing: the service still has to answer 504 and to end."""
ONE_AT_A_TIME = {"class_path": "tests.service.odd_models.OneAtATimeModel"}


@contextmanager
def stop_handler(stopped: list[float], loop: VirtualLoop) -> Iterator[None]:
    """A server's handlers of the stop signals, which note when they are called."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda *_: stopped.append(loop.time()))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        StatusManager.clear_instance()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("notice_s", [0.0, 30.0])
def test_the_server_stops_when_the_notice_is_over(number: signal.Signals, notice_s: float) -> None:
    """Until then the service is not ready, and asks clients to close their connections."""

    async def main(loop: VirtualLoop) -> None:
        stopped: list[float] = []
        with stop_handler(stopped, loop):
            drain = Drain(notice_s)
            drain.install()
            assert not drain.draining
            await asyncio.sleep(5.0)
            signal.raise_signal(number)
            assert drain.draining
            assert StatusManager().get_readiness_status() == ReadinessStatus.REFUSING_TRAFFIC
            await asyncio.sleep(100.0)
        assert stopped == [5.0 + notice_s + LAST_REQUESTS_S]

    run(main)


def test_each_further_signal_ends_a_wait_at_once() -> None:
    """The second one that of the notice, the third one that for last requests."""

    async def main(loop: VirtualLoop, signals: int) -> list[float]:
        stopped: list[float] = []
        with stop_handler(stopped, loop):
            Drain(30.0).install()
            for _ in range(signals):
                await asyncio.sleep(0.25)
                signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(10.0)
        return stopped

    assert run(partial(main, signals=2)) == [0.5 + LAST_REQUESTS_S]
    assert run(partial(main, signals=3)) == [0.75]


def test_connections_that_wait_are_accepted_before_the_end() -> None:
    """New ones are turned away, and the listening socket is not closed while others are in its queue."""

    async def main(loop: VirtualLoop) -> None:
        stopped: list[float] = []
        with stop_handler(stopped, loop), socket.socket() as waiting, socket.socket() as late:
            drain = Drain(0.0)
            drain.install()
            with socket.create_server(("127.0.0.1", 0)) as listener:
                waiting.connect(listener.getsockname())
                signal.raise_signal(signal.SIGTERM)
                await asyncio.sleep(2 * LAST_REQUESTS_S)
                late.setblocking(False)
                late.connect_ex(listener.getsockname())
                assert stopped == []
                accepted, _ = listener.accept()
                accepted.close()
                await asyncio.sleep(LAST_REQUESTS_S)
                assert len(stopped) == 1
                assert not have_waiting([listener.fileno()])

    run(main)


def test_a_socket_that_was_there_before_still_takes_connections() -> None:
    """Other workers accept on it, too."""

    async def main(loop: VirtualLoop) -> None:
        with stop_handler([], loop), socket.create_server(("127.0.0.1", 0)) as listener:
            Drain(0.0).install()
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(2 * LAST_REQUESTS_S)
            with socket.create_connection(listener.getsockname(), PATIENCE_S):
                assert have_waiting([listener.fileno()])

    run(main)


@pytest.mark.real
def test_during_the_notice_it_serves_but_is_not_ready(serve: Callable[..., Any]) -> None:
    """The environment's notice of ten minutes overrides the file's, and a second SIGTERM ends it."""
    service = serve({"drain_notice_s": 0}, odd_model(), DRAIN_NOTICE_S="600")
    with requests.Session() as session:
        url = service.url + ODD_PREDICTION
        assert session.post(url, json=PERSON, timeout=PATIENCE_S).status_code == 200
        service.process.send_signal(signal.SIGTERM)
        until(lambda: get(f"{service.url}/api/health/ready").status_code == 503)
        reply = session.post(url, json=PERSON, timeout=PATIENCE_S)
        assert reply.status_code == 200
        assert reply.headers["Connection"] == "close"
    assert service.stop() == 0


@pytest.mark.real
def test_accepted_requests_are_answered_before_the_end(serve: Callable[..., Any], gate: Gate) -> None:
    """Eight requests wait for a model that is held until the service accepts no more connections."""
    service = serve({"micro_batch": {"max_rows": 2, "inline_ms": 0}}, gate.model())
    gate.close()
    with post_at_once(8, service.url) as futures:
        until(lambda: gate.is_reached() and metric(service.url, "inference_queue_depth") >= 6)
        service.process.send_signal(signal.SIGTERM)
        until(lambda: not is_listening(service.url))
        gate.open()
    assert [each.result().status_code for each in futures] == [200] * 8
    assert service.process.wait(PATIENCE_S) == 0


def wait_until_read(url: str) -> None:
    """Wait until the service has read what was sent before: it answers a connection that was made later."""
    with connect(url) as other:
        other.sendall(b"GET /api/health HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n")
        assert read_start(other, 12) == b"HTTP/1.1 200"


@pytest.mark.real
@pytest.mark.parametrize("path", [ODD_PREDICTION, f"{ODD_PREDICTION}/batch"], ids=["single", "batch"])
def test_a_body_that_does_not_arrive_does_not_delay_the_end(serve: Callable[..., Any], path: str) -> None:
    """It is answered 504 at its deadline, as without a shutdown."""
    service = serve(DEADLINES, odd_model())
    with connect(service.url) as client:
        client.sendall(request_head(path, 1_000))
        wait_until_read(service.url)
        service.process.send_signal(signal.SIGTERM)
        assert read_start(client, 12) == b"HTTP/1.1 504"
        assert service.process.wait(PATIENCE_S) == 0


@pytest.mark.real
@pytest.mark.parametrize("words", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_nor_where_there_is_no_deadline(serve: Callable[..., Any], words: tuple[str, ...]) -> None:
    """rest_model_service's own endpoint waits for ever; the shutdown, no longer than the longest deadline."""
    service = serve(DEADLINES, ONE_AT_A_TIME, words)
    with connect(service.url) as client:
        client.sendall(request_head(ODD_PREDICTION, 1_000))
        wait_until_read(service.url)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_S) == 0


@pytest.mark.real
def test_a_reply_that_is_not_read_does_not_delay_the_end(serve: Callable[..., Any]) -> None:
    """Five megabytes of it; the client reads the first bytes, to know that it is under way, and no more.

    The end comes a second after the deadline. The batch takes 0.2 s on an idle machine, and its reply has to
    begin within the deadline: this tolerates a machine that is 25 times slower.
    """
    service = serve({"deadline_ms": 300, "explicit_batch": {"deadline_ms": 5_000}}, odd_model())
    body = b"[" + b",".join([b"{}"] * 10_000) + b"]"
    with connect(service.url) as client:
        client.sendall(request_head(f"{ODD_PREDICTION}/batch?partial=true", len(body)) + body)
        assert read_start(client, 12) == b"HTTP/1.1 200"
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_S) == 0


@pytest.mark.real
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_log_that_is_never_read_delays_neither_start_nor_end(
    configured: Callable[..., Path], model_path: Path, workers: str
) -> None:
    """The pipe is full before the first line; the parent of several workers has its own log."""
    values = yaml.safe_load((ROOT / "configuration/service/batched.yaml").read_text())
    path = configured(model_path)
    values["models"] = yaml.safe_load(path.read_text())["models"]
    path.write_text(yaml.safe_dump(values))
    unread, full = os.pipe()
    os.set_blocking(full, False)
    with suppress(BlockingIOError):
        while True:
            os.write(full, b"." * 4096)
    os.set_blocking(full, True)
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "--port", "0", "--workers", workers],
        cwd=ROOT,
        env={**os.environ, "REST_CONFIG": str(path)},
        stderr=full,
    )
    try:
        until(lambda: any(is_ready(f"http://127.0.0.1:{port}") for port in listening_ports(process.pid)))
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(full)
        os.close(unread)


def listening_ports(pid: int) -> set[int]:
    """Ports on which a process or its children listen: nobody reads the log, which names the port."""
    ports = set()
    with suppress(psutil.NoSuchProcess):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                connections = process.net_connections("tcp")
                ports |= {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}
    return ports
