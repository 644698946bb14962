"""Checks the permissions of pods: the `restricted` Pod Security Standard, and a few rules more.

The standard: https://kubernetes.io/docs/concepts/security/pod-security-standards. A namespace that enforces
it refuses pods of a Deployment that violate it, and reports this only in the events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy.kubernetes.checks.objects import Item, Pod, list_pods


def find_mistakes(items: Sequence[Item]) -> list[str]:
    """Return each permission that a pod should not have, and each missing request or limit."""
    return [sentence for pod in list_pods(items) for sentence in _check_pod(pod)]


def _check_pod(pod: Pod) -> Iterator[str]:
    whole = pod.spec.get("securityContext", {})
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield f"{pod.owner}: it is given a token for the cluster's API (automountServiceAccountToken)"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(name):
            yield f"{pod.owner}: it shares the node's own ({name})"
    for container in pod.containers:
        where = f"{pod.owner}, container {container['name']}"
        own = whole | container.get("securityContext", {})
        wanted = {
            "runAsNonRoot": own.get("runAsNonRoot") is True and own.get("runAsUser") != 0,
            "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is True,
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "capabilities": own.get("capabilities") == {"drop": ["ALL"]},
            "seccompProfile": own.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
        }
        yield from (
            f"{where}: its securityContext leaves {name} open" for name, kept in wanted.items() if not kept
        )
        resources = container.get("resources", {})
        for kind, names in (("requests", ("cpu", "memory")), ("limits", ("memory",))):
            missing = [name for name in names if name not in resources.get(kind, {})]
            yield from (f"{where}: it {kind} no {name}" for name in missing)
        if ":" not in container["image"] or container["image"].endswith(":latest"):
            yield f"{where}: its image {container['image']} is not pinned by a tag"
