"""`make k8s-check` finds nothing in the files as they are, and tells each mistake it is there for."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.kubernetes.checks import emulation, hardening, reachability, references
from deploy.kubernetes.checks.emulation import emulate_cluster
from deploy.kubernetes.checks.objects import RenderError, list_kustomizations, list_pods, render, select_kind
from deploy.kubernetes.checks.schemas import LATEST, OLDEST, find_schema_errors

ROOT = Path(__file__).parents[2]
MODEL = "insurance-charges-model-deployment"
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def rendered(require: Callable[..., None]) -> dict[str, Objects]:
    """The objects of each kustomization."""
    require("kubectl")
    return {folder: render(folder) for folder in list_kustomizations()}


@pytest.fixture
def cpu(rendered: dict[str, Objects]) -> Objects:
    """A copy of the objects of the cpu overlay, to spoil."""
    return copy.deepcopy(rendered["overlays/cpu"])


@pytest.fixture
def around(rendered: dict[str, Objects]) -> Objects:
    return [item for name, items in rendered.items() if "/" in name for item in copy.deepcopy(items)]


def the(items: Objects, kind: str, name: str | None = None) -> Any:
    """The object of a kind, the only one unless named."""
    found = select_kind(items, kind)
    return found[name] if name else next(iter(found.values()))


def spec_of(items: Objects) -> Any:
    """The service's pod."""
    return the(items, "Deployment", MODEL)["spec"]["template"]["spec"]


@pytest.mark.usefixtures("rendered")
def test_the_files_as_they_are_have_no_mistakes() -> None:
    command = [sys.executable, "-m", "deploy.kubernetes.checks"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.count("✓") == len(list_kustomizations()) == 7


def test_without_kubectl_it_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RenderError, match=r"kubectl is not installed; docs/kubernetes\.md says"):
        render("base")


def test_an_unreadable_kustomization_is_told(require: Callable[..., None]) -> None:
    require("kubectl")
    with pytest.raises(RenderError, match=r"checks: kubectl can't render it: .*kustomization"):
        render("checks")


@pytest.mark.parametrize("release", [OLDEST, LATEST])
def test_a_field_that_kubernetes_does_not_know_is_told(cpu: Objects, release: str) -> None:
    spec_of(cpu)["containers"][0]["readinesProbe"] = {}
    (sentence,) = find_schema_errors(the(cpu, "Deployment"), release)
    assert sentence.startswith("spec.template.spec.containers.0: ")
    assert "readinesProbe" in sentence


def test_a_kind_that_kubernetes_does_not_know_is_told() -> None:
    item = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "old"}}
    assert find_schema_errors(item, LATEST) == [f"Kubernetes {LATEST} knows no Deployment of apps/v1beta1"]


SPOILT: dict[str, tuple[Callable[[Objects], Any], str]] = {
    "a name given twice": (
        lambda items: items.append(the(items, "Service")),
        "Service insurance-charges-model-service is there 2 times",
    ),
    "another namespace": (
        lambda items: the(items, "Service")["metadata"].update(namespace="default"),
        "Service insurance-charges-model-service: its namespace is default, which no object makes",
    ),
    "a template with other labels": (
        lambda items: the(items, "Deployment")["spec"]["selector"]["matchLabels"].update(tier="x"),
        "misses the pods of its own template",
    ),
    "a budget for nobody": (
        lambda items: the(items, "PodDisruptionBudget")["spec"]["selector"].update(matchLabels={"app": "x"}),
        "PodDisruptionBudget insurance-charges-model: its selector selects {'app': 'x'}, and no pod is",
    ),
    "pods spread by a label they don't have": (
        lambda items: spec_of(items)["topologySpreadConstraints"][1]["labelSelector"].update(
            matchLabels={"app": "x"}
        ),
        "its topologySpreadConstraints selects {'app': 'x'}",
    ),
    "a policy for a client that isn't there": (
        lambda items: the(items, "NetworkPolicy", "insurance-charges-model")["spec"]["ingress"][0]["from"][0][
            "podSelector"
        ].update(matchLabels={"app": "locust"}),
        "NetworkPolicy insurance-charges-model: its ingress selects {'app': 'locust'}",
    ),
    "a Service to a port nobody has": (
        lambda items: the(items, "Service")["spec"]["ports"][0].update(targetPort="web"),
        f"its targetPort is web, and Deployment {MODEL} has 8000, http",
    ),
    "a policy for a port nobody has": (
        lambda items: the(items, "NetworkPolicy", "insurance-charges-model")["spec"]["ingress"][0]["ports"][
            0
        ].update(port="grpc"),
        "its ingress port is grpc",
    ),
    "a probe of another port": (
        lambda items: spec_of(items)["containers"][0]["livenessProbe"]["httpGet"].update(port=80),
        f"Deployment {MODEL}: its livenessProbe is 80",
    ),
    "a scraped port nobody has": (
        lambda items: the(items, "Deployment")["spec"]["template"]["metadata"]["annotations"].update(
            {"prometheus.io/port": "9090"}
        ),
        "its annotation prometheus.io/port is 9090",
    ),
    "a ConfigMap that isn't there": (
        lambda items: items.remove(the(items, "ConfigMap")),
        "there is no ConfigMap model-service-configuration-",
    ),
    "a mount of nothing": (
        lambda items: spec_of(items)["volumes"].pop(),
        f"Deployment {MODEL}: mounts tmp, no volume of it",
    ),
    "a volume for nothing": (
        lambda items: spec_of(items)["containers"][0]["volumeMounts"].pop(),
        f"Deployment {MODEL}: its volume tmp is not mounted",
    ),
    "an account that isn't there": (
        lambda items: spec_of(items).pop("serviceAccountName"),
        "there is no ServiceAccount default",
    ),
    "a target that isn't there": (
        lambda items: the(items, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"].update(name="x"),
        "there is no Deployment x of apps/v1 to scale",
    ),
    "replicas that the autoscaler decides": (
        lambda items: the(items, "Deployment")["spec"].update(replicas=1),
        "it states replicas, so that each apply undoes",
    ),
    "more replicas at least than at most": (
        lambda items: the(items, "HorizontalPodAutoscaler")["spec"].update(minReplicas=11),
        "11 to 10 replicas are impossible",
    ),
    "a share of nothing": (
        lambda items: spec_of(items)["containers"][0]["resources"]["requests"].pop("cpu"),
        "it scales by cpu, of which container insurance-charges-model requests none",
    ),
}


@pytest.mark.parametrize("mistake", SPOILT)
def test_a_reference_that_leads_nowhere_is_told(cpu: Objects, around: Objects, mistake: str) -> None:
    spoil, sentence = SPOILT[mistake]
    assert references.find_mistakes(cpu, around) == []
    spoil(cpu)
    beyond = [item for item in around if item["metadata"]["name"].startswith("load-test")]
    assert any(sentence in found for found in references.find_mistakes(cpu, [*cpu, *beyond]))


@pytest.mark.parametrize(("port", "wrong"), [(8000, False), (80, True)])
def test_a_load_aimed_at_no_port_of_a_service_is_told(around: Objects, port: int, wrong: bool) -> None:
    job = the(around, "Job")
    host = f"--host=http://insurance-charges-model-service:{port}"
    job["spec"]["template"]["spec"]["containers"][0]["args"] = ["loadtest", host]
    found = list(references.check_addresses([job], around))
    assert found == ([f"Job load-test: {host} leads to no port of a Service"] if wrong else [])


def load_test_policy(items: Objects) -> Any:
    return the(items, "NetworkPolicy", "load-test")["spec"]


def service_policy(items: Objects) -> Any:
    return the(items, "NetworkPolicy", "insurance-charges-model")["spec"]


def dns_rule(items: Objects) -> Any:
    return the(items, "NetworkPolicy", "dns")["spec"]["egress"][0]


SHUT: dict[str, tuple[str, Callable[[Objects], Any], str]] = {
    "no way to the service": (
        "load-test/job",
        lambda items: load_test_policy(items).update(egress=[]),
        f"Job load-test: no policy lets it out to Deployment {MODEL}, port 8000 (TCP)",
    ),
    "no way to the master": (
        "load-test/web",
        lambda items: load_test_policy(items)["egress"].pop(),
        "Deployment load-test-worker: no policy lets it out to Deployment load-test-master, port 5557 (TCP)",
    ),
    "the master shut to its workers": (
        "load-test/web",
        lambda items: load_test_policy(items)["ingress"].pop(0),
        "Deployment load-test-worker: no policy lets it in to Deployment load-test-master, port 5557 (TCP)",
    ),
    "the service shut to the load test": (
        "overlays/cpu",
        lambda items: service_policy(items)["ingress"][0]["from"].pop(0),
        f"Job load-test: no policy lets it in to Deployment {MODEL}, port 8000 (TCP)",
    ),
    "the service shut to Prometheus": (
        "overlays/cpu",
        lambda items: service_policy(items)["ingress"][0]["from"][1].pop("namespaceSelector"),
        f"Deployment {MODEL}: no policy lets Prometheus in, port 8000 (TCP)",
    ),
    "the Job's metrics shut to Prometheus": (
        "load-test/job",
        lambda items: load_test_policy(items)["ingress"][1]["ports"].pop(),
        "Job load-test: no policy lets Prometheus in, port 9646 (TCP)",
    ),
    "DNS on another port": (
        "overlays/cpu",
        lambda items: dns_rule(items)["ports"][0].update(port=54),
        f"Deployment {MODEL}: no policy lets it out to DNS, port 53 (UDP)",
    ),
    "DNS by UDP alone": (
        "overlays/cpu",
        lambda items: dns_rule(items)["ports"].pop(),
        f"Deployment {MODEL}: no policy lets it out to DNS, port 53 (TCP)",
    ),
    "DNS in another namespace": (
        "overlays/cpu",
        lambda items: dns_rule(items)["to"].pop(0),
        f"Deployment {MODEL}: no policy lets it out to DNS, port 53 (UDP)",
    ),
    "traces on another port": (
        "overlays/cpu",
        lambda items: service_policy(items)["egress"][0]["ports"][0].update(port=9999),
        f"Deployment {MODEL}: no policy lets it out to an OpenTelemetry collector, port 4318 (TCP)",
    ),
}


@pytest.mark.parametrize("what", SHUT)
def test_a_way_that_the_policies_shut_is_told(rendered: dict[str, Objects], what: str) -> None:
    """Spoilt where it stands, with the service and the load test applied beside it."""
    folder, spoil, sentence = SHUT[what]
    applied = {
        each: copy.deepcopy(rendered[each]) for each in ("overlays/cpu", "load-test/job", "load-test/web")
    }

    def told() -> list[str]:
        policies_last = [item for each in sorted(applied, key=folder.__eq__) for item in applied[each]]
        return [
            found
            for items in applied.values()
            for found in reachability.find_mistakes(others(items), policies_last)
        ]

    assert told() == []
    spoil(applied[folder])
    assert sentence in told()


def others(items: Objects) -> Objects:
    return [item for item in items if item["kind"] != "NetworkPolicy"]


def test_without_policies_everything_is_open(cpu: Objects) -> None:
    assert reachability.find_mistakes(others(cpu), others(cpu)) == []


HARDENED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "token": (lambda spec: spec.pop("automountServiceAccountToken"), "given a token"),
    "network": (lambda spec: spec.update(hostNetwork=True), "shares the node's own (hostNetwork)"),
    "root": (lambda spec: spec["securityContext"].pop("runAsNonRoot"), "leaves runAsNonRoot open"),
    "user 0": (lambda spec: spec["securityContext"].update(runAsUser=0), "leaves runAsNonRoot open"),
    "seccomp": (lambda spec: spec["securityContext"].pop("seccompProfile"), "leaves seccompProfile open"),
    "writing": (
        lambda spec: spec["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"),
        "leaves readOnlyRootFilesystem open",
    ),
    "capabilities": (
        lambda spec: spec["containers"][0]["securityContext"].update(capabilities={"add": ["NET_RAW"]}),
        "leaves capabilities open",
    ),
    "escalation": (
        lambda spec: spec["containers"][0].pop("securityContext"),
        "leaves allowPrivilegeEscalation open",
    ),
    "memory": (lambda spec: spec["containers"][0]["resources"].pop("limits"), "it limits no memory"),
    "tag": (lambda spec: spec["containers"][0].update(image="service:latest"), "not pinned by a tag"),
}


@pytest.mark.parametrize("what", HARDENED)
def test_a_pod_that_may_more_than_it_needs_is_told(cpu: Objects, what: str) -> None:
    soften, sentence = HARDENED[what]
    assert hardening.find_mistakes(cpu) == []
    soften(spec_of(cpu))
    assert any(sentence in found for found in hardening.find_mistakes(cpu))


def test_an_emulated_cluster_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of being waited for."""

    def no_port(*_: Any) -> None:
        raise OSError("no port is free")

    monkeypatch.setattr(emulation.kmock, "Server", no_port)
    with pytest.raises(OSError, match="no port is free"), emulate_cluster():
        pass


def test_the_emulated_cluster_refuses_what_a_cluster_refuses(
    require: Callable[..., None], tmp_path: Path
) -> None:
    """An unknown field, and an object in a namespace that isn't there: in kubectl's own words."""
    require("kubectl")
    manifest = tmp_path / "pod.yaml"
    with emulate_cluster() as cluster:

        def apply(**item: Any) -> subprocess.CompletedProcess[str]:
            manifest.write_text(json.dumps({"apiVersion": "v1", **item}))
            command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "apply", "-f", str(manifest)]
            return subprocess.run(command, capture_output=True, text=True, timeout=240)

        pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "here"}}
        assert "namespaces 'here' not found, for Pod 'p'" in apply(**pod, spec={"containers": []}).stderr
        assert apply(kind="Namespace", metadata={"name": "here"}).returncode == 0
        assert "'sidecars' was unexpected" in apply(**pod, spec={"containers": [], "sidecars": []}).stderr
        assert apply(**pod, spec={"containers": []}).stdout == "pod/p created\n"
        assert apply(**pod, spec={"containers": []}).stdout == "pod/p unchanged\n"


def test_every_pod_is_looked_at(rendered: dict[str, Objects]) -> None:
    owners = {pod.owner for items in rendered.values() for pod in list_pods(items)}
    assert owners == {
        *(f"Deployment {MODEL}", "Deployment load-test-master", "Deployment load-test-worker"),
        *("Job load-test", "Pod load-test-reader"),
    }
