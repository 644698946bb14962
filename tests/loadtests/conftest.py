"""A model, the real service, a service that does as it is told, and ways to run the suite against them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

# Locust patches the process that imports it; pytest's own stays as it is.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0
"""Only a failing test waits this long. A busy machine takes a multiple of the usual time."""
MODEL = ROOT / "models" / "insurance_charges_model.skops"


@dataclass
class Answer:
    """What the obedient service replies: after `delay_s`, `status` and `body`; or it hangs up."""

    status: int = 200
    body: bytes = b'{"charges": 1234.5}'
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang_up: bool = False


OWN_MODELS = Answer(
    body=b'{"models": [{"qualified_name": "insurance_charges_model", "version": "1", "description": ""}]}'
)


class Obedient:
    """A service on loopback that answers as `answer` says, and remembers what it was sent."""

    def __init__(self) -> None:
        self.answer: Callable[[int], Answer] = lambda _: Answer()
        self.asked = Answer(body=b'{"readiness_status": "ACCEPTING_TRAFFIC"}')
        """What a GET is answered."""
        self.asked_for: Callable[[str], Answer] = lambda path: (
            OWN_MODELS if path == "/api/models" else self.asked
        )
        """The same by its path; it passes for the suite's own service."""
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[int] = set()
        self._released = threading.Event()
        self._held: list[threading.Event] = []
        obedient = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answer = obedient.asked_for(self.path)
                obedient._released.wait(answer.delay_s)
                self._send(answer)

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                obedient.bodies.append(json.loads(self.rfile.read(length)))
                obedient.headers.append({name.lower(): value for name, value in self.headers.items()})
                obedient.connections.add(self.client_address[1])
                answer = obedient.answer(len(obedient.bodies))
                obedient._released.wait(answer.delay_s)
                if answer.hang_up:
                    self.close_connection = True
                    return
                self._send(answer)

            def _send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that went away is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def hold_after(self, count: int, answer: Callable[[int], Answer] = lambda _: Answer()) -> threading.Event:
        """Answer the first `count` requests at once, and the others when the returned event is set."""
        released = threading.Event()
        self._held.append(released)

        def held(number: int) -> Answer:
            if number > count:
                released.wait()
            return answer(number)

        self.answer = held
        return released

    def close(self) -> None:
        self._released.set()
        for held in self._held:
            held.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def obedient() -> Iterator[Obedient]:
    """A service that does as it is told."""
    service = Obedient()
    yield service
    service.close()


@pytest.fixture(scope="module")
def obedient_once() -> Iterator[Obedient]:
    """The same for a run that several tests of a module look at."""
    service = Obedient()
    yield service
    service.close()


@pytest.fixture(scope="module")
def grpc_service() -> Iterator[str]:
    """The URL of a service that speaks gRPC: `tests/loadtests/grpc_client/grpc_server.py`."""
    pytest.importorskip("grpc")
    command = [sys.executable, str(ROOT / "tests/loadtests/grpc_client/grpc_server.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.terminate()


@pytest.fixture(scope="session")
def model() -> Path:
    """The model the suite's own service loads, trained if there is none."""
    if not MODEL.exists():
        subprocess.run([sys.executable, "-m", "service.training"], cwd=ROOT, check=True, capture_output=True)
    return MODEL


@pytest.fixture
def patient_service(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure the suite's own service as usual, but with deadlines of minutes.

    With its usual deadline of 0.1 s it answers 504 as soon as a busy machine delays it by more.
    """
    assert model.exists()
    configuration = yaml.safe_load((ROOT / "configuration/service/batched.yaml").read_text())
    serving = configuration["serving"]
    serving["deadline_ms"] = serving["explicit_batch"]["deadline_ms"] = 300_000
    (tmp_path / "patient.yaml").write_text(yaml.safe_dump(configuration))
    monkeypatch.setenv("REST_CONFIG", str(tmp_path / "patient.yaml"))


@dataclass
class Suite:
    """A command of the suite as a process: its output, its exit code, the folder of its run."""

    process: subprocess.Popen[str]
    out: Path
    stdout: str = ""
    stderr: str = ""

    def wait(self, timeout_s: float = PATIENCE_S) -> Suite:
        """Wait for the end."""
        try:
            self.stdout, self.stderr = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.stdout, self.stderr = self.process.communicate()
            pytest.fail(f"still running after {timeout_s} s:\n{self.stdout}\n{self.stderr}")
        return self

    def finished_within(self, seconds: float) -> None:
        """TimeoutError if the process goes on for longer than that."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None

    @property
    def code(self) -> int:
        return self.process.returncode

    @property
    def said(self) -> str:
        return self.stdout + self.stderr

    @property
    def folder(self) -> Path:
        """The newest run's folder."""
        return (self.out / "latest").resolve()

    @property
    def verdict(self) -> dict[str, Any]:
        return json.loads((self.folder / "verdict.json").read_text())

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.folder / "run.json").read_text())

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Wait until `condition` holds; fail if the process ends or time runs out before."""
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                out, err = self.process.communicate()
                pytest.fail(f"the awaited never happened:\n{out}\n{err}")
            pause.wait(0.05)

    def until_said(self, text: str) -> None:
        """Wait until the process has written a line to its standard error that holds `text`."""
        assert self.process.stderr is not None
        while text not in (line := self.process.stderr.readline()):
            assert line, f"it ended without having said {text!r}"

    def until_requests(self, obedient: Obedient, count: int) -> None:
        """Wait until the service was sent so many requests."""
        self.until(lambda: len(obedient.bodies) >= count)


class Starter:
    """Call with a module ('loadtests' or 'locust') and its arguments: the process, started."""

    def __init__(self, folder: Path) -> None:
        self._out = folder / "results"
        self._started: list[Suite] = []

    def __call__(
        self,
        module: str,
        *arguments: str,
        environment: dict[str, str] | None = None,
        file_limit: int | None = None,
        before: tuple[str, ...] = (),
        group: bool = False,
        preflight: bool = False,
    ) -> Suite:
        """With `preflight` the service is asked once before the load, as it is unless told otherwise."""
        sending = module in ("loadtests", "locust") and not preflight
        options = [*arguments, *(["--no-preflight"] if sending else [])]
        limited = ["prlimit", f"--fsize={file_limit}"] if file_limit else []
        process = subprocess.Popen(
            [*before, *limited, sys.executable, "-m", module, *options, "--out", str(self._out)],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "120", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=group,
        )
        self._started.append(Suite(process, self._out))
        return self._started[-1]

    def close(self) -> None:
        """Kill the processes that still run."""
        for suite in self._started:
            if suite.process.poll() is None:
                suite.process.kill()
            suite.process.communicate()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Starts processes that write into the test's own folder."""
    starter = Starter(tmp_path)
    yield starter
    starter.close()


@pytest.fixture(scope="module")
def start_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """The same for a run that several tests of a module look at."""
    starter = Starter(tmp_path_factory.mktemp("once"))
    yield starter
    starter.close()


@pytest.fixture
def answer() -> type[Answer]:
    """What the obedient service can be told to reply."""
    return Answer


@pytest.fixture
def run_reports() -> Callable[..., str]:
    """Call with the arguments of `python -m reports`: what it printed."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "reports", *arguments]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture
def scenario_file(tmp_path: Path) -> Callable[..., str]:
    """Call with lines of YAML: a scenario file's path; what is not given is a short, easy scenario."""
    return partial(write_scenario, tmp_path)


@pytest.fixture(scope="module")
def scenario_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The same for a run that several tests of a module look at."""
    return partial(write_scenario, tmp_path_factory.mktemp("once"))


def write_scenario(
    folder: Path,
    load: str = "{users: [{constant: 2, for: 3s}]}",
    objectives: str = "[p99 latency <= 5 s, error rate <= 0 %]",
    more: str = "",
    name: str = "short",
    generator: str = "{lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}",
) -> str:
    """Write a scenario; on a busy machine too, the verdict on its run depends on `objectives` alone.

    The limits of the generator are loose. Two more objectives replace checks that a pause of a second would
    break: `max latency`, which covers the time in which users wait, and `offered load` for paced users. A run
    whose requests all fail goes on, unless `more` says when it is aborted.
    """
    tolerant = ["max latency <= 300 s"]
    if "users:" in load and "user:" not in more:
        tolerant.append("offered load >= 1 %")
    if "abort:" not in more:
        more += "\nabort: never"
    path = folder / f"{name}.yaml"
    path.write_text(
        f"description: A test's own.\nload: {load}\n"
        f"objectives: {', '.join([objectives.removesuffix(']'), *tolerant])}]\n"
        f"generator: {generator}\n{more}\n"
    )
    return str(path)
