"""Rendered objects, found by kind and name, by pod and by selector."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).resolve().parents[1]
PARTS: Final = {"load-test/common"}
"""Kustomizations that only others use; they are never applied directly."""

Item = Mapping[str, Any]


class RenderError(Exception):
    """kubectl is missing, or refuses a kustomization; the message says which and why."""


@dataclass(frozen=True)
class Pod:
    """A pod or a pod template, and the object that contains it."""

    owner: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Item

    @property
    def containers(self) -> list[Item]:
        """All containers, including init containers."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def ports(self) -> dict[str | int, int]:
        """The ports of its containers, by name and by number."""
        declared = [port for each in self.containers for port in each.get("ports", [])]
        numbers: dict[str | int, int] = {port["containerPort"]: port["containerPort"] for port in declared}
        return numbers | {port["name"]: port["containerPort"] for port in declared if "name" in port}


def list_kustomizations() -> list[str]:
    """List the folders to apply, relative to deploy/kubernetes."""
    found = (str(path.parent.relative_to(FOLDER)) for path in FOLDER.rglob("kustomization.yaml"))
    return sorted(set(found) - PARTS)


def render(folder: str) -> list[Item]:
    """Return the objects of a kustomization, rendered offline by `kubectl kustomize`."""
    command = ["kubectl", "kustomize", str(FOLDER / folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        raise RenderError(
            "kubectl is not installed; docs/kubernetes.md says which packages bring it"
        ) from None
    if done.returncode:
        raise RenderError(f"{folder}: kubectl can't render it: {done.stderr.strip()}")
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def get_label(item: Item) -> str:
    """Return an object's kind and name, for messages."""
    return f"{item['kind']} {item['metadata']['name']}"


def select_kind(items: Iterable[Item], kind: str) -> dict[str, Item]:
    """Return the objects of a kind, by name."""
    return {item["metadata"]["name"]: item for item in items if item["kind"] == kind}


def list_pods(items: Iterable[Item]) -> Iterator[Pod]:
    """Yield the pods of Deployments and Jobs, and single pods."""
    for item in items:
        template = item if item["kind"] == "Pod" else item.get("spec", {}).get("template")
        if template is not None:
            about = template["metadata"]
            labels, annotations = about.get("labels", {}), about.get("annotations", {})
            yield Pod(get_label(item), labels, annotations, template["spec"])


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether the labels include all labels of the selector."""
    return selector.items() <= labels.items()
