"""The service is stopped, or one of its processes dies: no request that it took is left without a reply."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from service.observability.metrics_folder import remove_left_folders
from tests.faults.ledger import Ledger
from tests.faults.odd_service import serving, write_configuration
from tests.faults.stopping import Requests, ask
from tests.service.live_service import (
    PATIENCE_S,
    ROOT,
    Service,
    address,
    is_listening,
    is_ready,
    metric,
    post,
    until,
)

pytestmark = [pytest.mark.real, pytest.mark.extended]
NOTICE = {"drain_notice_s": 1.0}
COMMANDS = {
    "python -m service": ["service"],
    "python -m service --workers 2": ["service", "--workers", "2"],
    "uvicorn service.app:app": ["uvicorn", "service.app:app"],
}
WORKERS = COMMANDS["python -m service --workers 2"]
commands = pytest.mark.parametrize("command", COMMANDS)


def ask_while(
    service: Service, happens: Callable[[], None], keep_alive: bool = False, per_s: float = 300
) -> Requests:
    """Send requests; after the first hundred something happens, and then the service stops."""

    def act() -> None:
        try:
            until(lambda: metric(service.url, "inference_request_latency_seconds_count") >= 100)
            happens()
        finally:
            service.process.terminate()

    with ThreadPoolExecutor(1) as pool:
        acted = pool.submit(act)
        asked = asyncio.run(ask(address(service.url), clients=30, per_s=per_s, keep_alive=keep_alive))
        acted.result()
    return asked


@commands
@pytest.mark.parametrize("keep_alive", [False, True], ids=["new connections", "kept connections"])
def test_a_stop_under_load_loses_nothing(
    ledger: Ledger, tmp_path: Path, command: str, keep_alive: bool
) -> None:
    """Each request is answered, or its client could not connect."""
    with serving(tmp_path, NOTICE, command=COMMANDS[command]) as service:
        asked = ask_while(service, lambda: None, keep_alive)
        code = service.process.wait(PATIENCE_S)
    assert asked.lost == []
    assert asked.answered.keys() == {200}
    assert code == (-signal.SIGTERM if "uvicorn" in command else 0)
    kind = "clients that keep their connections" if keep_alive else "a new connection for each request"
    ledger.service(
        fault=f"SIGTERM at 300 requests a second, {kind}, `{command}`",
        happened="each request is answered, or its client can't connect any more",
        lost=len(asked.lost),
    )


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=["all in turn", "one"])
def test_workers_are_replaced_under_load_without_a_loss(
    ledger: Ledger, tmp_path: Path, number: signal.Signals
) -> None:
    """SIGHUP to the parent replaces each worker, SIGTERM to a worker that one."""
    with serving(tmp_path, command=WORKERS) as service:
        before = find_workers(service)
        pid, replaced = (service.process.pid, before) if number == signal.SIGHUP else (before[0], before[:1])

        def replace() -> None:
            os.kill(pid, number)
            until(lambda: len(find_workers(service)) == 2 and not {*replaced} & {*find_workers(service)})

        asked = ask_while(service, replace, per_s=300)
        assert service.process.wait(PATIENCE_S) == 0
    assert asked.lost == []
    told = (
        "SIGHUP to the parent of two workers" if number == signal.SIGHUP else "SIGTERM to one of two workers"
    )
    ledger.service(
        fault=f"{told} at 300 requests a second",
        happened="others take the place of the workers that end; each request is answered",
        lost=len(asked.lost),
    )


def find_workers(service: Service) -> list[int]:
    """The processes that serve."""
    found = []
    for child in psutil.Process(service.process.pid).children():
        with suppress(psutil.Error):  # it has just ended
            if "--multiprocessing-fork" in child.cmdline():
                found.append(child.pid)
    return found


def read_limit(service: Service) -> float:
    """The predictions that may wait in all workers; 0 while one of them ends, when it may not answer."""
    try:
        return metric(service.url, "inference_queue_limit")
    except requests.RequestException:
        return 0.0


def test_a_killed_worker_is_replaced_and_the_other_one_answers_meanwhile(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Readiness and metrics stay true: what was counted before stays counted, by whomever it is asked."""
    with serving(tmp_path, command=WORKERS) as service:
        assert {post(service.url).status_code for _ in range(20)} == {200}
        limit = read_limit(service) / 2
        first, second = find_workers(service)
        os.kill(first, signal.SIGKILL)
        until(lambda: first not in find_workers(service))
        assert post(service.url).status_code == 200
        assert is_ready(service.url)
        until(lambda: len(find_workers(service)) == 2)
        until(lambda: read_limit(service) == 2 * limit)
        assert second in find_workers(service)
        assert metric(service.url, "inference_request_latency_seconds_count") == 21
        assert service.stop() == 0
    ledger.service(
        fault="kill -9 of one of two workers",
        happened="the other one answers, ready, until a new one does too; no count is lost",
    )


@pytest.mark.parametrize("words", [[], ["--workers", "2"]], ids=["one process", "workers"])
def test_a_stop_during_the_start_ends_it(ledger: Ledger, tmp_path: Path, words: list[str]) -> None:
    """SIGTERM arrives as soon as the process catches it, seconds before the service listens."""
    with subprocess.Popen(
        [sys.executable, "-m", "service", "--port", "0", *words],
        cwd=ROOT,
        env={**os.environ, "REST_CONFIG": str(write_configuration(tmp_path))},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: catches(process.pid, signal.SIGTERM) or process.poll() is not None)
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "Traceback" not in said
    ledger.service(
        fault=f"SIGTERM while `{' '.join(['python -m service', *words])}` starts",
        happened="it ends with exit code 0, and never listens",
    )


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal, as Linux tells."""
    (line,) = (
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt")
    )
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def test_workers_end_with_their_parent(ledger: Ledger, tmp_path: Path) -> None:
    """Nobody else would ever stop them, and they would keep the port; other starts spare their metrics."""
    with serving(tmp_path, command=WORKERS) as service:
        workers = [psutil.Process(pid) for pid in find_workers(service)]
        metrics = Path(workers[0].environ()["PROMETHEUS_MULTIPROC_DIR"])
        os.kill(service.process.pid, signal.SIGKILL)
        remove_left_folders(metrics.parent)
        assert metrics.exists()
        _, alive = psutil.wait_procs(workers, PATIENCE_S)
        for each in alive:
            each.kill()
        assert alive == []
        assert not is_listening(service.url)
    remove_left_folders(metrics.parent)
    assert not metrics.exists()
    ledger.service(
        fault="kill -9 of the parent of two workers",
        happened="they drain and end, and the port is free; the next start removes their temporary folder",
    )
