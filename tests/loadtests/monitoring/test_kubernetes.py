"""Where kubectl reaches a cluster, a run observes replicas and pods; where not, it says so and goes on.

No cluster can be had here: kubectl, which is real, asks an emulated API that holds the objects of the
repository with a status written by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import psutil
import pytest

from deploy.kubernetes.checks.emulation import EmulatedCluster, emulate_cluster
from loadtests.monitoring.kubectl import (
    AskError,
    Workload,
    observe_workload,
    write_line,
    write_selector,
)
from loadtests.monitoring.kubernetes import KubernetesMonitor
from reports.data.folder import read_run

ROOT = Path(__file__).parents[3]
NAMESPACE, NAME = "model-services", "insurance-charges-model-deployment"
WORKLOAD = Workload(NAMESPACE, NAME)
BASE = f"/namespaces/{NAMESPACE}"
DEPLOYMENT = f"/apis/apps/v1{BASE}/deployments/{NAME}"
SCALERS = f"/apis/autoscaling/v2{BASE}/horizontalpodautoscalers"
LABELS = {"app.kubernetes.io/name": "insurance-charges-model"}
PODS = (
    f"/apis/metrics.k8s.io/v1beta1{BASE}/pods?labelSelector=app.kubernetes.io/name%3Dinsurance-charges-model"
)

deployment = {"spec": {"replicas": 3, "selector": {"matchLabels": LABELS}}, "status": {"readyReplicas": 2}}
scaler = {
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": NAME}, "minReplicas": 1, "maxReplicas": 10},
    "status": {"desiredReplicas": 4},
}


def used(cpu: str, memory: str) -> dict[str, Any]:
    return {"metadata": {"labels": LABELS}, "containers": [{"usage": {"cpu": cpu, "memory": memory}}]}


def answering(**changes: Any) -> Callable[[str], Any]:
    """A cluster's answers by path; what is None is refused."""
    answers = {
        DEPLOYMENT: changes.get("deployment", deployment),
        SCALERS: changes.get("scalers", {"items": [scaler]}),
        PODS: changes.get("pods", {"items": [used("100m", "160Mi"), used("250500000n", "200Mi")]}),
    }

    def ask(path: str) -> Any:
        if (answer := answers[path]) is None:
            raise AskError("Forbidden")
        return answer

    return ask


def test_replicas_and_usage_are_sampled_with_their_units() -> None:
    seen, problems = observe_workload(WORKLOAD, answering())
    assert problems == []
    assert seen == pytest.approx(
        {
            "replicas_ready": 2.0,
            "replicas_desired": 4.0,
            "replicas_max": 10.0,
            "pods_cpu_cores": 0.3505,
            "pods_memory_mib": 360.0,
        }
    )


def test_without_an_autoscaler_the_deployment_says_what_is_wanted() -> None:
    other = {**scaler, "spec": {**scaler["spec"], "scaleTargetRef": {"kind": "Deployment", "name": "other"}}}
    seen, problems = observe_workload(WORKLOAD, answering(scalers={"items": [other]}))
    assert problems == []
    assert seen["replicas_desired"] == 3.0
    assert "replicas_max" not in seen


def test_an_autoscaler_that_has_not_decided_yet_is_no_wish_for_none() -> None:
    fresh = {"spec": scaler["spec"], "status": {"desiredReplicas": 0}}
    assert observe_workload(WORKLOAD, answering(scalers={"items": [fresh]}))[0]["replicas_desired"] == 3.0


def test_a_deployment_without_ready_pods_has_none() -> None:
    bare = {"spec": {"selector": {"matchLabels": LABELS}}, "status": {}}
    seen, _ = observe_workload(
        WORKLOAD, answering(deployment=bare, scalers={"items": []}, pods={"items": []})
    )
    assert seen == {"replicas_ready": 0.0, "replicas_desired": 1.0}


@pytest.mark.parametrize(
    ("refused", "left", "sentence"),
    [
        ("pods", {"replicas_ready", "replicas_desired", "replicas_max"}, "is metrics-server installed"),
        (
            "scalers",
            {"replicas_ready", "replicas_desired", "pods_cpu_cores", "pods_memory_mib"},
            "its autoscaler can't be seen: Forbidden",
        ),
        ("deployment", set(), f"the Deployment {WORKLOAD} can't be seen: Forbidden"),
    ],
)
def test_what_is_refused_is_told_and_the_rest_is_seen(refused: str, left: set[str], sentence: str) -> None:
    seen, (problem,) = observe_workload(WORKLOAD, answering(**{refused: None}))
    assert set(seen) == left
    assert sentence in problem


def test_an_answer_that_is_none_is_a_problem_and_no_end() -> None:
    told = json.loads(write_line(WORKLOAD, answering(pods={"items": [used("many", "160Mi")]})))
    assert told["seen"] == {}
    assert "'many' is no quantity" in told["problems"][0]


def test_a_selector_is_written_as_a_query() -> None:
    selector = {
        "matchLabels": {"app": "a", "tier": "b"},
        "matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["x", "y"]},
            {"key": "track", "operator": "NotIn", "values": ["canary"]},
            {"key": "model", "operator": "Exists"},
            {"key": "old", "operator": "DoesNotExist"},
        ],
    }
    assert write_selector(selector) == "app=a,tier=b,zone in (x,y),track notin (canary),model,!old"


@pytest.mark.parametrize("text", ["", "deployment", "a/b/c", "Model-Services/x", "/x", "x/", "a b/c", "-/-"])
def test_what_names_no_deployment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no Deployment; give its namespace and name"):
        Workload.parse(text)


def test_such_a_name_ends_the_command_before_anything_runs() -> None:
    command = [sys.executable, "-m", "loadtests", "--kubernetes=service", "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "'service' names no Deployment" in done.stderr


@pytest.fixture
def cluster(require: Callable[..., None]) -> Iterator[EmulatedCluster]:
    """An emulated API with the service in it, scaled to two pods of which one is measured so far."""
    require("kubectl")
    with emulate_cluster() as cluster:
        kubectl = ["kubectl", "--kubeconfig", str(cluster.kubeconfig)]
        overlay = str(ROOT / "deploy/kubernetes/overlays/cpu")
        subprocess.run([*kubectl, "apply", "-k", overlay], check=True, capture_output=True, timeout=30)
        cluster.objects["apps/v1/deployments", NAMESPACE, NAME].patch({"status": {"readyReplicas": 2}})
        cluster.objects[
            "autoscaling/v2/horizontalpodautoscalers", NAMESPACE, "insurance-charges-model-autoscaler"
        ].patch({"status": {"desiredReplicas": 5}})
        cluster.objects["metrics.k8s.io/v1beta1/pods", NAMESPACE, "a"] = used("187m", "160Mi")
        yield cluster


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.usefixtures("model")
def test_a_run_observes_the_deployment_beside_the_load(
    start: Callable[..., Any],
    scenario_file: Callable[..., str],
    obedient: Any,
    cluster: EmulatedCluster,
) -> None:
    suite = start(
        *("loadtests", "--scenario", scenario_file(), "--host", obedient.host),
        *("--kubernetes", str(WORKLOAD)),
        environment={"KUBECONFIG": str(cluster.kubeconfig)},
    ).wait()
    assert suite.code == 0, suite.said
    assert "--kubernetes:" not in suite.said
    telemetry = read_run(suite.folder).telemetry
    seen = {
        name: telemetry.select_series(name, "kubernetes")[1].tolist()
        for name in telemetry.names
        if len(telemetry.select_series(name, "kubernetes")[1])
    }
    assert seen == {
        "replicas_ready": [2.0],
        "replicas_desired": [5.0],
        "replicas_max": [10.0],
        "pods_cpu_cores": [pytest.approx(0.187)],
        "pods_memory_mib": [160.0],
    }
    assert "The pods beside the load" in (suite.folder / "report.html").read_text()


@pytest.mark.real
@pytest.mark.extended
def test_without_a_cluster_a_run_says_so_once_and_is_judged(
    start: Callable[..., Any], scenario_file: Callable[..., str], obedient: Any, tmp_path: Path
) -> None:
    """Nothing listens where the kubeconfig leads, or there is no kubectl at all."""
    suite = start(
        *("loadtests", "--scenario", scenario_file(), "--host", obedient.host),
        *("--kubernetes", str(WORKLOAD)),
        environment={"KUBECONFIG": str(tmp_path / "none"), "PATH": str(tmp_path)},
    ).wait()
    assert suite.code == 0, suite.said
    assert suite.said.count("can't be seen: kubectl is not installed") == 1


@pytest.mark.real
@pytest.mark.extended
def test_a_kubectl_that_waits_for_the_cluster_ends_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does for ten seconds where packets go nowhere; a script stands in for it."""
    pid_file, program = tmp_path / "pid", tmp_path / "kubectl"
    program.write_text(f"#!/bin/sh\necho $$ > {pid_file}.new\nmv {pid_file}.new {pid_file}\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    run: Any = SimpleNamespace(is_running=True)
    KubernetesMonitor(str(WORKLOAD)).follow(run)
    with gevent.Timeout(30):
        while not pid_file.exists():
            gevent.sleep(0.02)
        waiting = psutil.Process(int(pid_file.read_text()))
        run.is_running = False
        while waiting.is_running() and waiting.status() != psutil.STATUS_ZOMBIE:
            gevent.sleep(0.02)


def test_what_asks_ends_when_nobody_reads_it(tmp_path: Path) -> None:
    """A load test that is killed leaves no process behind that asks for ever.

    It asks on until then, though each answer takes longer than the period.
    """
    script = "import loadtests.monitoring.kubectl as s, sys; s.PERIOD_S = 0.0; sys.argv[1] = 'a/b'; s.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "a/b"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(3):
        assert b"kubectl is not installed" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(240) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
