"""Checks that the network policies allow the connections that the pods need.

A cluster silently drops connections that no policy allows. The pods need the Services that a command line
names, DNS, the collector of the service's traces, and access for Prometheus to each scraped port. Policies
have the semantics of Kubernetes: a pod that no policy selects is open, and if several policies select it, one
that allows the connection is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from deploy.kubernetes.checks.objects import Item, Pod, list_pods, select_kind, selects
from deploy.kubernetes.checks.references import ADDRESS

HERE: Final = "model-services"
NAME: Final = "kubernetes.io/metadata.name"
"""The label of each namespace that contains its name."""
MASTER_PORT: Final = 5557
"""The default port on which Locust's master waits for its workers."""


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod, with its labels and its namespace."""

    name: str
    labels: Mapping[str, str]
    namespace: str = HERE
    ports: Mapping[str | int, int] = field(default_factory=dict)
    """Its ports, by name and by number."""


DNS: Final = End("DNS", {"k8s-app": "kube-dns"}, "kube-system")
COLLECTOR: Final = End(
    "an OpenTelemetry collector", {"app.kubernetes.io/name": "opentelemetry-collector"}, "observability"
)
PROMETHEUS: Final = End("Prometheus", {"app.kubernetes.io/name": "prometheus"}, "monitoring")


def find_mistakes(items: Sequence[Item], around: Sequence[Item]) -> list[str]:
    """Return the connections that the pods of `items` need and no policy of `items` or `around` allows."""
    policies = [*(select_kind(around, "NetworkPolicy") | select_kind(items, "NetworkPolicy")).values()]
    return [sentence for pod in list_pods(items) for sentence in _find_closed_ports(pod, around, policies)]


def _find_closed_ports(pod: Pod, around: Sequence[Item], policies: Sequence[Item]) -> Iterator[str]:
    here = _get_end(pod)
    for other, port, protocol in _list_needed_ports(pod, around):
        if not is_allowed(policies, "egress", here, other, port, protocol):
            yield f"{here.name}: no policy lets it out to {other.name}, port {port} ({protocol})"
        if other.namespace == HERE and not is_allowed(policies, "ingress", other, here, port, protocol):
            yield f"{here.name}: no policy lets it in to {other.name}, port {port} ({protocol})"
    if pod.annotations.get("prometheus.io/scrape") == "true":
        port = int(pod.annotations["prometheus.io/port"])
        if not is_allowed(policies, "ingress", here, PROMETHEUS, port, "TCP"):
            yield f"{here.name}: no policy lets Prometheus in, port {port} (TCP)"


def _list_needed_ports(pod: Pod, around: Sequence[Item]) -> Iterator[tuple[End, int, str]]:
    """Yield the other end, port and protocol of each connection that a pod needs."""
    yield DNS, 53, "UDP"
    yield DNS, 53, "TCP"
    words = [word for container in pod.containers for word in container.get("args", [])]
    if words[:1] == ["service"]:
        yield COLLECTOR, 4318, "TCP"
    for found in filter(None, map(ADDRESS.fullmatch, words)):
        service = select_kind(around, "Service").get(found[1] or found[3])
        if service is not None:
            asked = int(found[2] or MASTER_PORT)
            targets = [each.get("targetPort", asked) for each in _get_ports(service) if each["port"] == asked]
            behind = {
                each.owner: each for each in list_pods(around) if selects(_get_selector(service), each.labels)
            }
            for other in behind.values():
                yield from ((_get_end(other), other.ports[target], "TCP") for target in targets)


def is_allowed(
    policies: Iterable[Item], direction: str, pod: End, other: End, port: int, protocol: str
) -> bool:
    """Whether a pod may connect to the other end (egress), or the other end to it (ingress), on that port."""
    side = "to" if direction == "egress" else "from"
    ports = (other if direction == "egress" else pod).ports
    over = [
        policy["spec"]
        for policy in policies
        if direction.title() in policy["spec"]["policyTypes"]
        and selects(policy["spec"]["podSelector"].get("matchLabels", {}), pod.labels)
    ]
    return not over or any(
        _names_port(rule, ports, port, protocol) and _names_end(rule.get(side), other)
        for spec in over
        for rule in spec.get(direction, [])
    )


def _names_port(rule: Item, ports: Mapping[str | int, int], port: int, protocol: str) -> bool:
    """Whether a rule applies to that port; a rule without ports applies to all."""
    return "ports" not in rule or any(
        each.get("protocol", "TCP") == protocol and ports.get(each["port"], each["port"]) == port
        for each in rule["ports"]
    )


def _names_end(peers: Sequence[Item] | None, end: End) -> bool:
    """Whether a rule's peers include that pod; no peers include every pod, and an IP block includes none."""
    return peers is None or any(
        "ipBlock" not in peer
        and selects(peer.get("podSelector", {}).get("matchLabels", {}), end.labels)
        and selects(
            peer.get("namespaceSelector", {"matchLabels": {NAME: HERE}}).get("matchLabels", {}),
            {NAME: end.namespace},
        )
        for peer in peers
    )


def _get_end(pod: Pod) -> End:
    return End(pod.owner, pod.labels, ports=pod.ports)


def _get_ports(service: Item) -> Sequence[Item]:
    ports: Sequence[Item] = service["spec"]["ports"]
    return ports


def _get_selector(service: Item) -> Mapping[str, str]:
    selector: Mapping[str, str] = service["spec"]["selector"]
    return selector
