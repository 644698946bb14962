"""The Kubernetes files hold what their users rely on: names, limits, scaling, time to stop."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from autoscaling.manifest import read_autoscaler
from deploy.kubernetes.checks.objects import list_kustomizations, list_pods, render, select_kind

ROOT = Path(__file__).parents[2]
MODEL = "insurance-charges-model-deployment"
CONFIGURATION = ROOT / "configuration/service/batched.yaml"
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def rendered(require: Callable[..., None]) -> dict[str, Objects]:
    require("kubectl")
    return {folder: render(folder) for folder in list_kustomizations()}


def the(items: Objects, kind: str, name: str | None = None) -> Any:
    found = select_kind(items, kind)
    return found[name] if name else next(iter(found.values()))


def container_of(items: Objects) -> Any:
    """The service's container."""
    return the(items, "Deployment", MODEL)["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("overlay", ["base", "overlays/cpu", "overlays/cpu-memory", "overlays/queue"])
def test_a_service_is_whole(rendered: dict[str, Objects], overlay: str) -> None:
    items = rendered[overlay]
    kinds = {item["kind"] for item in items}
    assert kinds >= {
        *("Namespace", "ServiceAccount", "ConfigMap", "Deployment", "Service"),
        *("PodDisruptionBudget", "NetworkPolicy"),
    }
    assert set(select_kind(items, "Namespace")) == {"model-services"}


def test_the_service_runs_with_the_configuration_of_this_repository(rendered: dict[str, Objects]) -> None:
    """By the file itself: there is no copy of it to keep up."""
    items = rendered["base"]
    (name, config_map), *_ = select_kind(items, "ConfigMap").items()
    container = container_of(items)
    (path,) = [each["value"] for each in container["env"] if each["name"] == "REST_CONFIG"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {v["name"]: v for v in the(items, "Deployment", MODEL)["spec"]["template"]["spec"]["volumes"]}
    assert volumes[mounts[str(Path(path).parent)]]["configMap"]["name"] == name
    assert config_map["data"] == {Path(path).name: CONFIGURATION.read_text()}


def test_every_pod_runs_the_image_that_is_built(rendered: dict[str, Objects]) -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    images = {
        each["image"] for items in rendered.values() for pod in list_pods(items) for each in pod.containers
    }
    assert images == {f"model-load-tests:{version[1]}"}


def test_the_probes_ask_what_rest_model_service_answers(rendered: dict[str, Objects]) -> None:
    container = container_of(rendered["base"])
    asked = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert asked == {
        "startupProbe": "/api/health/startup",
        "readinessProbe": "/api/health/ready",
        "livenessProbe": "/api/health",
    }


def test_the_pod_is_given_the_time_that_stopping_takes(rendered: dict[str, Objects]) -> None:
    """The notice outlasts the readiness probe, and what was accepted is answered before the kill."""
    container = container_of(rendered["base"])
    notice_s = float({each["name"]: each["value"] for each in container["env"]}["DRAIN_NOTICE_S"])
    probe = container["readinessProbe"]
    assert notice_s == 5
    assert notice_s > probe["periodSeconds"] * probe["failureThreshold"]
    serving = yaml.safe_load(CONFIGURATION.read_text())["serving"]
    longest_s = max(serving["deadline_ms"], serving["explicit_batch"]["deadline_ms"]) / 1000
    spec = the(rendered["base"], "Deployment", MODEL)["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] >= notice_s + longest_s + 5


def test_an_update_and_a_drained_node_leave_pods_that_serve(rendered: dict[str, Objects]) -> None:
    strategy = the(rendered["base"], "Deployment", MODEL)["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxUnavailable": 0, "maxSurge": 1}
    assert the(rendered["base"], "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_only_load_test_and_prometheus_reach_the_service(rendered: dict[str, Objects]) -> None:
    policies = select_kind(rendered["overlays/cpu"], "NetworkPolicy")
    assert policies["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (rule,) = policies["insurance-charges-model"]["spec"]["ingress"]
    let_in = {peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for peer in rule["from"]}
    assert let_in == {"load-test", "prometheus"}


def test_the_cpu_overlay_is_the_one_that_its_users_know(rendered: dict[str, Objects]) -> None:
    items = rendered["overlays/cpu"]
    resources = container_of(items)["resources"]
    assert (resources["requests"]["cpu"], resources["limits"]["cpu"]) == ("100m", "200m")
    assert the(items, "Service")["spec"]["type"] == "NodePort"
    scaler = the(items, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (1, 10)
    assert targets(scaler) == {"cpu": 50}
    assert "behavior" not in scaler


def test_the_cpu_memory_overlay_scales_up_fast_and_down_slowly(rendered: dict[str, Objects]) -> None:
    items = rendered["overlays/cpu-memory"]
    scaler = the(items, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 15)
    assert targets(scaler) == {"cpu": 60, "memory": 70}
    up, down = scaler["behavior"]["scaleUp"], scaler["behavior"]["scaleDown"]
    assert (up["stabilizationWindowSeconds"], up["selectPolicy"]) == (30, "Max")
    assert policies(up) == {("Percent", 100, 30), ("Pods", 3, 30)}
    assert down["stabilizationWindowSeconds"] == 120
    assert policies(down) == {("Percent", 50, 60)}


def test_the_queue_overlay_scales_by_a_metric_that_the_adapter_offers(rendered: dict[str, Objects]) -> None:
    """Its series is one that the service exposes, and its query is PromQL once the adapter fills it in."""
    scaler = the(rendered["overlays/queue"], "HorizontalPodAutoscaler")["spec"]
    (metric,) = [each["pods"]["metric"]["name"] for each in scaler["metrics"] if each["type"] == "Pods"]
    (rule,) = yaml.safe_load((ROOT / "deploy/prometheus/adapter.yml").read_text())["rules"]["custom"]
    assert rule["name"]["as"] == metric
    series = promql_parser.parse(rule["seriesQuery"])
    assert series.name in (ROOT / "service/observability/metrics.py").read_text()
    labels = set(rule["resources"]["overrides"])
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/kubernetes.yml").read_text())["scrape_configs"]
    assert labels <= {each.get("target_label") for each in jobs[0]["relabel_configs"]}
    filled = rule["metricsQuery"].replace("<<.Series>>", series.name).replace("<<.GroupBy>>", "instance")
    promql_parser.parse(filled.replace("<<.LabelMatchers>>", 'namespace="model-services",instance=~"a|b"'))


def test_the_queue_overlay_is_one_that_the_twin_follows() -> None:
    overlay = ROOT / "deploy/kubernetes/overlays/queue/autoscaler.yaml"
    assert [metric.title for metric in read_autoscaler(overlay).metrics] == [
        "inference_queue_depth at 8 a pod",
        "cpu at 60 % of its request",
    ]


def targets(scaler: Any) -> dict[str, int]:
    resources = [metric["resource"] for metric in scaler["metrics"]]
    return {each["name"]: each["target"]["averageUtilization"] for each in resources}


def policies(side: Any) -> set[tuple[str, int, int]]:
    return {(each["type"], each["value"], each["periodSeconds"]) for each in side["policies"]}


def test_a_load_balancer_lets_in_private_networks_only(rendered: dict[str, Objects]) -> None:
    """Those that the NetworkPolicy lets in, too: one without the other would shut or open everything."""
    items = rendered["overlays/cpu-memory"]
    service = the(items, "Service")["spec"]
    (rule,) = the(items, "NetworkPolicy", "insurance-charges-model-clients")["spec"]["ingress"]
    assert service["type"] == "LoadBalancer"
    assert service["loadBalancerSourceRanges"] == [peer["ipBlock"]["cidr"] for peer in rule["from"]]
    assert all(
        cidr.startswith(("10.", "172.16.", "192.168.")) for cidr in service["loadBalancerSourceRanges"]
    )


def test_a_jobs_exit_code_is_the_verdict(rendered: dict[str, Objects]) -> None:
    """It is tried once, and leaves its runs on the volume."""
    job = the(rendered["load-test/job"], "Job")["spec"]
    pod = job["template"]["spec"]
    assert (job["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    (container,) = pod["containers"]
    assert "cpu" not in container["resources"]["limits"]
    (out,) = [word.partition("=")[2] for word in container["args"] if word.startswith("--out=")]
    (mount,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == out]
    (volume,) = [each for each in pod["volumes"] if each["name"] == mount]
    assert volume["persistentVolumeClaim"]["claimName"] == "load-test-results"


def test_the_master_waits_for_as_many_workers_as_there_are(rendered: dict[str, Objects]) -> None:
    """Else a run would begin with the first one, and count the next as late."""
    items = rendered["load-test/web"]
    workers = the(items, "Deployment", "load-test-worker")["spec"]["replicas"]
    (master,) = the(items, "Deployment", "load-test-master")["spec"]["template"]["spec"]["containers"]
    assert f"--expect-workers={workers}" in master["args"]


@pytest.mark.parametrize("part", ["load-test/job", "load-test/web"])
def test_the_options_given_are_options_there_are(rendered: dict[str, Objects], part: str) -> None:
    command = [sys.executable, "-m", "loadtests", "--help"]
    known = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=240).stdout
    for pod in list_pods(rendered[part]):
        first, *words = pod.containers[0]["args"]
        assert first == "loadtest"
        options = [word.partition("=")[0] for word in words]
        assert [each for each in options if not re.search(rf"{each}\b", known)] == [], pod.owner
