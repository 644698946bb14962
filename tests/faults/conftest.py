"""The command line, a service that misbehaves as a process of its own, and what a run left behind.

Nothing of the project is imported here: what these tests hold is what a user sees.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest

from tests.faults.ledger import Ledger, write_row

ROOT = Path(__file__).parents[2]
BELIEVED = "{lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}"
"""Limits of a generator that is believed however busy the machine is that tests it."""
LONGEST_S = 240.0
MARK = "FAULT_TEST"
"""The variable by which `Leftovers` knows the processes of a test."""


ROW = "fault row"
"""The name under which a test's report carries its rows, from whichever process ran the test."""


class RowWriter:
    """Writes what each fault test stated, one line of JSON a test, to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: dict[str, pytest.TestReport] = {}
        path.write_text("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, call and teardown of a test report one after the other; the first that failed decides."""
        told = self._told.setdefault(report.nodeid, report)
        if told.passed:
            self._told[report.nodeid] = told = report
        if report.when != "teardown":
            return
        line = {
            "test": report.nodeid.removeprefix("tests/faults/"),
            "outcome": told.outcome,
            "reason": told.longrepr[2].removeprefix("Skipped: ") if isinstance(told.longrepr, tuple) else "",
            "rows": [value for name, value in report.user_properties if name == ROW],
        }
        with self._path.open("a") as file:
            print(json.dumps(line), file=file)


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "run only the tests that state rows of docs/faults.md, and write these rows to FILE"
    parser.addoption("--fault-rows", type=Path, metavar="FILE", help=told)


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--fault-rows", default=None)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(RowWriter(path))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--fault-rows", default=None):
        others = [item for item in items if "ledger" not in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """Where a fault test states its rows of docs/faults.md."""
    stated = Ledger()
    yield stated
    request.node.user_properties += [(ROW, write_row(row)) for row in stated.rows]


def pause(seconds: float) -> None:
    """Let real time pass, for processes that run in it."""
    threading.Event().wait(seconds)


@dataclass
class Misbehaving:
    """A service that misbehaves, and its process."""

    process: subprocess.Popen[str]
    host: str

    def seen(self) -> tuple[int, float | None]:
        """How many predictions it was asked for, and how many seconds ago the first was."""
        with urllib.request.urlopen(f"{self.host}/seen") as reply:
            told = json.load(reply)
        return told["requests"], told["first_s_ago"]

    def until_asked(self, since_s: float = 0.0) -> None:
        """Wait until so many seconds after the first request."""
        deadline = time.monotonic() + LONGEST_S
        while time.monotonic() < deadline:
            _, ago_s = self.seen()
            if ago_s is not None:
                return pause(max(0.0, since_s - ago_s))
            pause(0.02)
        pytest.fail("the service was never asked")


@pytest.fixture
def misbehaving() -> Iterator[Callable[..., Misbehaving]]:
    """Call with behaviours (see service.py): the service, listening."""
    started: list[subprocess.Popen[str]] = []

    def start(*behaviours: str) -> Misbehaving:
        command = [sys.executable, str(Path(__file__).with_name("service.py")), *behaviours]
        unmarked = {name: value for name, value in os.environ.items() if name != MARK}
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=unmarked))
        assert started[-1].stdout is not None
        return Misbehaving(started[-1], f"http://127.0.0.1:{int(started[-1].stdout.readline())}")

    yield start
    for process in started:
        process.kill()
        process.communicate()


@dataclass
class LoadTest:
    """A load test as a process, and what it left behind once it has ended."""

    process: subprocess.Popen[str]
    out: Path
    said: str = ""

    def ended(self) -> LoadTest:
        """Wait for its end."""
        self.said, _ = self.process.communicate(timeout=LONGEST_S)
        return self

    def until_recorded(self, since_s: float = 0.0) -> None:
        """Wait until so many seconds after the run's folder was opened."""
        deadline = time.monotonic() + LONGEST_S
        while not list(self.out.glob("*/samples.*")):
            assert self.process.poll() is None, self.ended().said
            assert time.monotonic() < deadline
            pause(0.05)
        pause(since_s)

    @property
    def code(self) -> int:
        return self.process.returncode

    @property
    def folder(self) -> Path:
        (folder,) = (path for path in self.out.iterdir() if path.is_dir() and not path.is_symlink())
        return folder

    @property
    def verdict(self) -> dict[str, Any]:
        return json.loads((self.folder / "verdict.json").read_text())

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.folder / "run.json").read_text())

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every request that was recorded."""
        return pq.read_table(self.folder / "samples.parquet").to_pylist()

    @property
    def telemetry(self) -> list[dict[str, Any]]:
        """Everything that was observed beside the requests."""
        return pq.read_table(self.folder / "telemetry.parquet").to_pylist()

    @property
    def generators(self) -> list[int]:
        """The processes that generate the load: those that the command started."""
        listed = subprocess.run(["pgrep", "--parent", str(self.process.pid)], capture_output=True, text=True)
        return [int(line) for line in listed.stdout.split()]


def start_load_tests(folder: Path) -> Iterator[Callable[..., LoadTest]]:
    """A function that starts load tests, which end with the iteration."""
    started: list[LoadTest] = []

    def start(
        host: str,
        load: str,
        objectives: str,
        more: str = "",
        generator: str = BELIEVED,
        options: tuple[str, ...] = (),
        before: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        out: Path | None = None,
        preflight: bool = False,
    ) -> LoadTest:
        scenario = folder / f"fault{len(started)}.yaml"
        scenario.write_text(
            f"description: A fault.\nload: {load}\nobjectives: {objectives}\ngenerator: {generator}\n{more}\n"
        )
        out = out or folder / f"results{len(started)}"
        command = [*before, sys.executable, "-m", "loadtests", "--scenario", str(scenario), "--host", host]
        process = subprocess.Popen(
            [*command, "--out", str(out), *([] if preflight else ["--no-preflight"]), *options],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "400", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(LoadTest(process, out))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            for pid in each.generators:
                os.kill(pid, 9)
            each.process.kill()
        each.process.communicate()


@pytest.fixture
def load_test(tmp_path: Path) -> Iterator[Callable[..., LoadTest]]:
    """Call with a service's host, YAML for `load`, `objectives`, and more: a load test of it, started."""
    yield from start_load_tests(tmp_path)


@pytest.fixture(scope="module")
def load_test_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LoadTest]]:
    """The same for a run that several tests of a module look at."""
    yield from start_load_tests(tmp_path_factory.mktemp("once"))


@dataclass
class Leftovers:
    """What a test started, and every process that came of it, whoever its parent is by now."""

    mark: str
    temporary: Path
    ports: set[int] = field(default_factory=set)

    def processes(self) -> list[psutil.Process]:
        """Those that still run; one that only waits to be reaped holds nothing."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            ours = process.environ().get(MARK) == self.mark
            return ours and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def note_ports(self) -> set[int]:
        """Remember the ports that these processes listen on now; they have to be free at the end."""
        for process in self.processes():
            try:
                found = process.net_connections("tcp")
            except psutil.Error:
                continue
            self.ports |= {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}
        return self.ports

    def check(self, within_s: float = 60.0) -> None:
        """Fail unless all of them end in this time, their ports are free, and no temporary file is left."""
        deadline = time.monotonic() + within_s
        while (left := self.processes()) and time.monotonic() < deadline:
            pause(0.1)
        said = [f"{process.pid}: {process.cmdline()}" for process in left if process.is_running()]
        for process in left:
            process.kill()
        assert not said, f"left after {within_s:.0f} s"
        for port in self.ports:
            socket.create_server(("127.0.0.1", port)).close()
        assert not list(self.temporary.iterdir()), "temporary files are left"


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[Leftovers]:
    """Asks at the test's end that no process, port or temporary file of what it started is left.

    `misbehaving` services are the test's own. It comes after `load_test`, which kills what runs too long.
    """
    request.getfixturevalue("load_test")
    leftovers = Leftovers(uuid.uuid4().hex, tmp_path / "temporary")
    leftovers.temporary.mkdir()
    monkeypatch.setenv(MARK, leftovers.mark)
    monkeypatch.setenv("TMPDIR", str(leftovers.temporary))
    yield leftovers
    leftovers.check()


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens, below those that kernels give to connections."""
    for port in random.SystemRandom().sample(range(20_000, 32_768), 100):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise OSError("no port is free")
