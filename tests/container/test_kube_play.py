"""The service and the load test's Job run for real, as `podman kube play` runs them; a stop loses nothing.

podman 4.3 plays a Deployment's pod with its ConfigMap, limits, user, capabilities and read-only root as they
are written. What it can't do here is changed before: see `playable`.
"""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from deploy.kubernetes.checks.objects import render, select_kind
from tests.ports import find_free_port

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
Podman = Callable[..., subprocess.CompletedProcess[str]]
MODEL = "insurance-charges-model-deployment"
LOAD = """\
description: Forty users, one request a second each.
load: {users: [{constant: 40, for: 12s}]}
objectives: [error rate <= 0 %, max latency <= 300 s, offered load >= 1 %]
generator: {lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}
"""
PATIENCE = 4
"""Times the startup probe's own patience: a fifth of a core of a busy machine is less than that."""


@dataclass
class Pod:
    """A pod that podman plays."""

    name: str
    port: int
    readiness: dict[str, Any]
    """Its readiness probe, as written."""
    grace_s: int
    """What it is given to stop."""

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def container(self) -> str:
        return f"{self.name}-pod-0-insurance-charges-model"

    def ready(self) -> bool:
        """What the kubelet would find."""
        try:
            path = self.readiness["httpGet"]["path"]
            return requests.get(self.host + path, timeout=self.readiness["timeoutSeconds"]).ok
        except requests.RequestException:
            return False


def playable(deployment: Any, name: str, image: str, port: int) -> Any:
    """The Deployment under another name, with what podman can't do here changed, and nothing else.

    - The image is the one that was built for the tests.
    - There is no bridge here: the pod uses the host's network, on a port of its own.
    - An emptyDir is a pod's own; podman makes a volume of it that all pods share who call it the same.
    - podman knows liveness probes alone, and asks by a curl that the image hasn't.
    """
    played = copy.deepcopy(deployment)
    played["metadata"]["name"] = name
    container = changed(played["spec"]["template"]["spec"], name, image)
    container["env"].append({"name": "PORT", "value": str(port)})
    for key in ("ports", "startupProbe", "readinessProbe", "livenessProbe"):
        del container[key]
    return played


def configure(deployment: Any, configuration: Any, name: str) -> None:
    """Give the ConfigMap a name of the test run's own, and a deadline that a fifth of a busy core keeps."""
    configuration["metadata"]["name"] = name
    configuration["data"] = {
        file: text.replace("deadline_ms: 100 ", "deadline_ms: 5000 ")
        for file, text in configuration["data"].items()
    }
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    (mounted,) = (each["configMap"] for each in volumes if "configMap" in each)
    mounted["name"] = name


def changed(spec: Any, name: str, image: str) -> Any:
    """Give a pod the image, the host's network and an emptyDir of its own; its container."""
    spec["hostNetwork"] = True
    (container,) = spec["containers"]
    container["image"] = image
    emptied = [volume for volume in spec["volumes"] if "emptyDir" in volume]
    for each in [*emptied, *(mount for mount in container["volumeMounts"] if mount["name"] == "tmp")]:
        each["name"] = f"{name}-tmp"
    return container


@pytest.fixture(scope="module")
def play(
    image: str,
    podman: Podman,
    require: Callable[..., None],
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Pod]]:
    """Call with a name: the pod, playing and ready."""
    require("kubectl")
    items = render("overlays/cpu")
    deployment, configuration = (
        select_kind(items, "Deployment")[MODEL],
        *select_kind(items, "ConfigMap").values(),
    )
    configure(deployment, configuration, f"{run_name}-configuration")
    template = deployment["spec"]["template"]["spec"]
    files: dict[str, str] = {}

    def begin(name: str) -> Pod:
        port = find_free_port()
        file = tmp_path_factory.mktemp(name) / "pod.yaml"
        file.write_text(yaml.safe_dump_all([configuration, playable(deployment, name, image, port)]))
        files[name] = str(file)
        podman("kube", "play", str(file))
        probe = template["containers"][0]["readinessProbe"]
        pod = Pod(name, port, probe, template["terminationGracePeriodSeconds"])
        startup = template["containers"][0]["startupProbe"]
        pause = threading.Event()
        for _ in range(PATIENCE * startup["failureThreshold"]):
            if pod.ready():
                return pod
            pause.wait(startup["periodSeconds"])
        pytest.fail(
            f"not ready in {PATIENCE} times its startupProbe:\n{podman('logs', pod.container).stderr}"
        )

    try:
        yield begin
    finally:
        for name, file in files.items():
            podman("kube", "down", file, check=False)
            podman("volume", "rm", f"{name}-tmp", check=False)
        podman("volume", "rm", configuration["metadata"]["name"], check=False)


@pytest.fixture(scope="module")
def pod(play: Callable[[str], Pod], run_name: str) -> Pod:
    return play(f"{run_name}-a")


def load_test(*words: str, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "loadtests", "--out", str(out), *words]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def test_it_predicts(pod: Pod) -> None:
    person = {"age": 42, "sex": "female", "bmi": 24, "children": 2, "smoker": False, "region": "northwest"}
    path = "/api/models/insurance_charges_model/prediction"
    reply = requests.post(pod.host + path, json=person, timeout=60)
    assert reply.json()["charges"] == pytest.approx(8_640, rel=0.15)


def test_its_probes_find_it_well(pod: Pod) -> None:
    for path in ("/api/health/startup", "/api/health/ready", "/api/health"):
        assert requests.get(pod.host + path, timeout=60).status_code == 200, path


def test_it_is_held_to_what_the_files_say(pod: Pod, podman: Podman) -> None:
    """A fifth of a core, 768 MiB, no rights, no writing outside /tmp."""
    (seen,) = json.loads(podman("inspect", pod.container).stdout)
    assert seen["HostConfig"]["CpuQuota"] / seen["HostConfig"]["CpuPeriod"] == 0.2
    assert seen["HostConfig"]["Memory"] == 768 * 2**20
    assert seen["HostConfig"]["ReadonlyRootfs"] is True
    status = podman("exec", pod.container, "cat", "/proc/1/status").stdout
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Uid:\t10001\t" in status
    assert podman("exec", pod.container, "touch", "/etc/model-service/x", check=False).returncode != 0


def test_it_passes_a_load_test(pod: Pod, tmp_path: Path) -> None:
    """`smoke`, shortened, within the fifth of a core: answered, however slowly on a busy machine."""
    words = ("--scenario", "smoke", "--host", pod.host, "--time-scale", "0.3")
    with load_test(*words, out=tmp_path) as process:
        said, _ = process.communicate(timeout=240)
    assert process.returncode in (0, 1, 3), said
    verdict = json.loads(next(tmp_path.glob("smoke-*/verdict.json")).read_text())
    assert [stage["requests"] for stage in verdict["stages"]] == [pytest.approx(60, abs=10)]
    assert sum(stage["errors"] for stage in verdict["stages"]) <= 6, said


def in_a_pod(name: str, template: Any, image: str) -> Any:
    """A Job's template, or a pod, changed like a Deployment in `playable`."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}
    changed(pod["spec"], name, image).pop("ports", None)
    for volume in (each for each in pod["spec"]["volumes"] if "persistentVolumeClaim" in each):
        volume["persistentVolumeClaim"]["claimName"] = name.rpartition("-")[0]
    return pod


def test_the_jobs_pod_ends_with_its_verdict_and_leaves_its_run_to_the_reader(
    pod: Pod, image: str, podman: Podman, run_name: str, tmp_path: Path
) -> None:
    """Whichever verdict it is, on a machine that is busy.

    Podman 4.3 knows no Jobs, so the pod alone is played; and no fsGroup, so the volume is the user's.
    """
    items = render("load-test/job")
    claim = select_kind(items, "PersistentVolumeClaim")["load-test-results"]
    claim["metadata"]["name"] = run_name
    names = (f"{run_name}-job", f"{run_name}-reader")
    job = in_a_pod(names[0], select_kind(items, "Job")["load-test"]["spec"]["template"], image)
    user = str(job["spec"]["securityContext"]["runAsUser"])
    claim["metadata"]["annotations"] = {"volume.podman.io/uid": user, "volume.podman.io/gid": user}
    (container,) = job["spec"]["containers"]
    kept = [word for word in container["args"] if not word.startswith(("--host=", "--metrics"))]
    container["args"] = [*kept, f"--host={pod.host}", "--time-scale=0.2"]
    container["env"] = [{"name": "SCENARIO", "value": "smoke"}]
    reader = select_kind(render("load-test/reader"), "Pod")["load-test-reader"]
    files = [tmp_path / "job.yaml", tmp_path / "reader.yaml"]
    files[0].write_text(yaml.safe_dump_all([claim, job]))
    files[1].write_text(yaml.safe_dump(in_a_pod(names[1], reader, image)))
    try:
        podman("kube", "play", str(files[0]))
        code = int(podman("wait", f"{names[0]}-load-test").stdout)
        said = podman("logs", f"{names[0]}-load-test")
        assert code in (0, 1, 3), said.stdout + said.stderr
        podman("kube", "play", str(files[1]))
        told = podman("exec", f"{names[1]}-reader", "cat", "/results/latest/verdict.json").stdout
    finally:
        for file in files:
            podman("kube", "down", str(file), check=False)
        podman("volume", "rm", run_name, *(f"{name}-tmp" for name in names), check=False)
    assert json.loads(told)["exit_code"] == code


class Balancer:
    """Stands in for a Service: each new connection goes to the next ready pod; those there are stay.

    Readiness is asked as the probe says. A real cluster is quicker: it takes a pod that is told to stop out
    of the endpoints at once.
    """

    def __init__(self, pods: list[Pod]) -> None:
        self.ready = list(pods)
        self.port = 0
        self._pods = pods
        self._missed = dict.fromkeys((pod.name for pod in pods), 0)
        self._turn = 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address, until the block ends."""
        loop, up = asyncio.new_event_loop(), threading.Event()
        stop = asyncio.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            probing = asyncio.create_task(self._probe())
            up.set()
            async with server:
                await stop.wait()
            probing.cancel()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
        thread.start()
        assert up.wait(10), "it does not listen"
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            with closing(loop):
                for task in asyncio.all_tasks(loop):
                    task.cancel()
                loop.run_until_complete(loop.shutdown_default_executor())

    async def _probe(self) -> None:
        while True:
            for pod in self._pods:
                ready = await asyncio.to_thread(pod.ready)
                self._missed[pod.name] = 0 if ready else self._missed[pod.name] + 1
            threshold = self._pods[0].readiness["failureThreshold"]
            self.ready = [pod for pod in self._pods if self._missed[pod.name] < threshold]
            await asyncio.sleep(self._pods[0].readiness["periodSeconds"])

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        pod = self.ready[self._turn % len(self.ready)]
        with suppress(ConnectionError), closing(writer):
            there, back = await asyncio.open_connection("127.0.0.1", pod.port)
            await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    @staticmethod
    async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
            sink.close()


def test_sigterm_during_load_loses_no_request(
    pod: Pod, play: Callable[[str], Pod], podman: Podman, run_name: str, tmp_path: Path
) -> None:
    """One of two pods is told to stop, as in a rolling update; its requests end well, the next go elsewhere.

    The last test of the first pod: it is gone afterwards.
    """
    other = play(f"{run_name}-b")
    scenario = tmp_path / "rolling.yaml"
    scenario.write_text(LOAD)
    balancer = Balancer([pod, other])
    with balancer.serving() as host:
        process = load_test("--scenario", str(scenario), "--host", host, out=tmp_path)
        (folder,) = await_folder(tmp_path, process)
        await_growth(folder / "samples.arrows", process)
        before = served(pod)
        podman("pod", "stop", "--time", str(pod.grace_s), f"{pod.name}-pod-0")
        assert process.poll() is None, "the load ended before the pod did"
        said, _ = process.communicate(timeout=240)
    (stopped,) = json.loads(podman("inspect", pod.container).stdout)
    assert (process.returncode, stopped["State"]["ExitCode"]) == (0, 0), said
    assert before > 0
    assert balancer.ready == [other]
    assert json.loads((folder / "run.json").read_text())["requests"] > 240, "half of the plan at least"


def await_folder(out: Path, process: subprocess.Popen[str]) -> list[Path]:
    pause = threading.Event()
    while not (found := [path.parent for path in out.glob("rolling-*/samples.arrows")]):
        assert process.poll() is None, process.communicate()
        pause.wait(0.1)
    return found


def await_growth(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a few batches of requests have been recorded."""
    pause, before = threading.Event(), path.stat().st_size
    while path.stat().st_size < before + 4_000:
        assert process.poll() is None, process.communicate()
        pause.wait(0.1)


def served(pod: Pod) -> float:
    """Predictions that the pod has answered."""
    name = "inference_request_latency_seconds_count"
    lines = requests.get(f"{pod.host}/metrics", timeout=60).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))
