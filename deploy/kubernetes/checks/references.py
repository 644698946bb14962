"""Checks the references between objects: selectors, ports, volumes, accounts and scale targets.

The API server accepts all of these mistakes silently. Each check takes the objects of one kustomization and,
because a reference may lead to another one, the objects of all; it yields a sentence per mistake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from deploy.kubernetes.checks.objects import Item, Pod, get_label, list_pods, select_kind, selects

Check = Callable[[Sequence[Item], Sequence[Item]], Iterator[str]]

CLUSTER_WIDE: Final = {"Namespace"}
ADDRESS: Final = re.compile(r"--host=http://([\w-]+):(\d+)|--master-host=([\w-]+)()")
"""A Service in a container's arguments, with its port."""


def find_mistakes(items: Sequence[Item], around: Sequence[Item]) -> list[str]:
    """Return every mistake in the references between the objects."""
    return [sentence for check in CHECKS for sentence in check(items, around)]


def check_names(items: Sequence[Item], _: Sequence[Item]) -> Iterator[str]:
    """Check that no two objects of a kind have the same name."""
    counts = Counter(map(get_label, items))
    yield from (f"{label} is there {count} times" for label, count in counts.items() if count > 1)


def check_namespaces(items: Sequence[Item], around: Sequence[Item]) -> Iterator[str]:
    """Check that each object is in a namespace that is created here."""
    made = select_kind(around, "Namespace")
    for item in items:
        namespace = item["metadata"].get("namespace")
        if item["kind"] not in CLUSTER_WIDE and namespace not in made:
            yield f"{get_label(item)}: its namespace is {namespace}, which no object makes"


def check_own_selectors(items: Sequence[Item], _: Sequence[Item]) -> Iterator[str]:
    """Check that a Deployment selects the pods of its template."""
    for item in select_kind(items, "Deployment").values():
        wanted = item["spec"]["selector"]["matchLabels"]
        if not selects(wanted, item["spec"]["template"]["metadata"]["labels"]):
            yield f"{get_label(item)}: its selector {wanted} misses the pods of its own template"


def check_selectors(items: Sequence[Item], around: Sequence[Item]) -> Iterator[str]:
    """Check that every other selector of pods selects at least one."""
    found = list(list_pods(around))
    for item in items:
        for where, wanted in _list_selectors(item):
            if wanted and not any(selects(wanted, pod.labels) for pod in found):
                yield f"{get_label(item)}: its {where} selects {wanted}, and no pod is labelled so"


def _list_selectors(item: Item) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the fields in which an object selects pods of its namespace, with the labels."""
    spec = item.get("spec", {})
    match item["kind"]:
        case "Service":
            yield "selector", spec["selector"]
        case "PodDisruptionBudget":
            yield "selector", spec["selector"]["matchLabels"]
        case "NetworkPolicy":
            yield "podSelector", spec["podSelector"].get("matchLabels", {})
            for direction, side in (("ingress", "from"), ("egress", "to")):
                for peer in (peer for rule in spec.get(direction, []) for peer in rule[side]):
                    if "namespaceSelector" not in peer and "podSelector" in peer:
                        yield direction, peer["podSelector"]["matchLabels"]
        case "Deployment" | "Job":
            scheduled = spec["template"]["spec"]
            for spread in scheduled.get("topologySpreadConstraints", []):
                yield "topologySpreadConstraints", spread["labelSelector"]["matchLabels"]
            apart = scheduled.get("affinity", {}).get("podAntiAffinity", {})
            for term in apart.get("preferredDuringSchedulingIgnoredDuringExecution", []):
                yield "podAntiAffinity", term["podAffinityTerm"]["labelSelector"]["matchLabels"]


def check_service_ports(items: Sequence[Item], around: Sequence[Item]) -> Iterator[str]:
    """Check that each port of a Service leads to a port of all its pods."""
    for service in select_kind(items, "Service").values():
        chosen = [pod for pod in list_pods(around) if selects(service["spec"]["selector"], pod.labels)]
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            yield from _find_missing_port(f"{get_label(service)}: its targetPort", target, chosen)


def check_policy_ports(items: Sequence[Item], around: Sequence[Item]) -> Iterator[str]:
    """Check that each named ingress port of a NetworkPolicy is a port of the pods that it selects."""
    for policy in select_kind(items, "NetworkPolicy").values():
        wanted = policy["spec"]["podSelector"].get("matchLabels", {})
        chosen = [pod for pod in list_pods(around) if selects(wanted, pod.labels)]
        for port in (port for rule in policy["spec"].get("ingress", []) for port in rule["ports"]):
            if isinstance(port["port"], str):
                yield from _find_missing_port(f"{get_label(policy)}: its ingress port", port["port"], chosen)


def check_pod_ports(items: Sequence[Item], _: Sequence[Item]) -> Iterator[str]:
    """Check that probes and Prometheus use a port of the pod."""
    for pod in list_pods(items):
        for container in pod.containers:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                for way in ("httpGet", "tcpSocket"):
                    if port := container.get(probe, {}).get(way, {}).get("port"):
                        yield from _find_missing_port(f"{pod.owner}: its {probe}", port, [pod])
        if scraped := pod.annotations.get("prometheus.io/port"):
            yield from _find_missing_port(
                f"{pod.owner}: its annotation prometheus.io/port", int(scraped), [pod]
            )


def _find_missing_port(where: str, port: str | int, chosen: Iterable[Pod]) -> Iterator[str]:
    for pod in chosen:
        if port not in pod.ports:
            yield f"{where} is {port}, and {pod.owner} has {', '.join(map(str, pod.ports)) or 'none'}"


def check_volumes(items: Sequence[Item], _: Sequence[Item]) -> Iterator[str]:
    """Check that each mount has a volume, each volume a mount, and each volume's source exists."""
    sources = {
        "configMap": ("ConfigMap", "name"),
        "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
        "secret": ("Secret", "secretName"),
    }
    for pod in list_pods(items):
        declared = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
        mounted = {mount["name"] for each in pod.containers for mount in each.get("volumeMounts", [])}
        yield from (f"{pod.owner}: mounts {name}, no volume of it" for name in mounted - declared.keys())
        yield from (f"{pod.owner}: its volume {name} is not mounted" for name in declared.keys() - mounted)
        for volume in declared.values():
            for key, (kind, field) in sources.items():
                source = volume.get(key, {}).get(field)
                if source is not None and source not in select_kind(items, kind):
                    yield f"{pod.owner}: there is no {kind} {source} for its volume {volume['name']}"


def check_accounts(items: Sequence[Item], _: Sequence[Item]) -> Iterator[str]:
    """Check that each pod runs as a ServiceAccount of the same kustomization."""
    for pod in list_pods(items):
        name = pod.spec.get("serviceAccountName", "default")
        if name not in select_kind(items, "ServiceAccount"):
            yield f"{pod.owner}: there is no ServiceAccount {name}"


def check_autoscalers(items: Sequence[Item], _: Sequence[Item]) -> Iterator[str]:
    """Check that each scale target exists, states no replicas, and requests the resources it is scaled by."""
    for scaler in select_kind(items, "HorizontalPodAutoscaler").values():
        label, spec = get_label(scaler), scaler["spec"]
        target: dict[str, Any] = spec["scaleTargetRef"]
        scaled = select_kind(items, target["kind"]).get(target["name"])
        if scaled is None or scaled["apiVersion"] != target["apiVersion"]:
            yield f"{label}: there is no {target['kind']} {target['name']} of {target['apiVersion']} to scale"
            continue
        if "replicas" in scaled["spec"]:
            yield f"{get_label(scaled)}: it states replicas, so that each apply undoes what {label} decided"
        if not 1 <= spec["minReplicas"] <= spec["maxReplicas"]:
            yield f"{label}: {spec['minReplicas']} to {spec['maxReplicas']} replicas are impossible"
        for resource in (each["resource"]["name"] for each in spec["metrics"] if "resource" in each):
            for container in (each for pod in list_pods([scaled]) for each in pod.containers):
                if resource not in container.get("resources", {}).get("requests", {}):
                    yield (
                        f"{label}: it scales by {resource}, of which container {container['name']} "
                        "requests none: its share can't be computed"
                    )


def check_addresses(items: Sequence[Item], around: Sequence[Item]) -> Iterator[str]:
    """Check that each Service on a command line exists, with that port."""
    services = select_kind(around, "Service")
    for pod in list_pods(items):
        for argument in (word for each in pod.containers for word in each.get("args", [])):
            if found := ADDRESS.fullmatch(argument):
                name, port = found[1] or found[3], found[2]
                ports = [each["port"] for each in services[name]["spec"]["ports"]] if name in services else []
                if not ports or (port and int(port) not in ports):
                    yield f"{pod.owner}: {argument} leads to no port of a Service"


CHECKS: Final[tuple[Check, ...]] = (
    check_names,
    check_namespaces,
    check_own_selectors,
    check_selectors,
    check_service_ports,
    check_policy_ports,
    check_pod_ports,
    check_volumes,
    check_accounts,
    check_autoscalers,
    check_addresses,
)
