"""`make k8s-check`: renders, validates, cross-checks and applies every kustomization, without a cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence

from deploy.kubernetes.checks import hardening, reachability, references
from deploy.kubernetes.checks.emulation import EmulatedCluster, emulate_cluster
from deploy.kubernetes.checks.objects import FOLDER, Item, RenderError, get_label, list_kustomizations, render
from deploy.kubernetes.checks.schemas import LATEST, OLDEST, find_schema_errors

FIRST = "base"
"""It creates the namespace, so it is applied before the others."""


def main() -> int:
    """Check all kustomizations; 0 if nothing was found, 1 if something was, 2 if they can't be rendered."""
    try:
        rendered = {folder: render(folder) for folder in list_kustomizations()}
    except RenderError as error:
        print(error, file=sys.stderr)
        return 2
    around = [item for items in rendered.values() for item in items]
    found = 0
    with emulate_cluster() as cluster:
        for folder in sorted(rendered, key=lambda folder: folder != FIRST):
            sentences = [
                *find_mistakes(rendered[folder], around),
                *apply_twice(cluster, folder, len(rendered[folder])),
            ]
            print(f"{'✗' if sentences else '✓'} {folder}: {len(rendered[folder])} objects")
            for sentence in sentences:
                print(f"    {sentence}")
            found += len(sentences)
    if found:
        print(f"{found} found; nothing was sent to a cluster")
        return 1
    print(
        f"Rendered, valid for Kubernetes {OLDEST} and {LATEST} (strictly), consistent, hardened, and applied "
        "twice to an emulated API; no cluster was asked."
    )
    return 0


def find_mistakes(items: Sequence[Item], around: Sequence[Item]) -> list[str]:
    """Return the mistakes that the rendered objects show; `around` has the objects of all kustomizations."""
    return [
        *_validate(items),
        *references.find_mistakes(items, around),
        *reachability.find_mistakes(items, around),
        *hardening.find_mistakes(items),
    ]


def _validate(items: Iterable[Item]) -> Iterable[str]:
    for item in items:
        for release in (OLDEST, LATEST):
            for sentence in find_schema_errors(item, release):
                yield f"{get_label(item)}, Kubernetes {release}: {sentence}"


def apply_twice(cluster: EmulatedCluster, folder: str, count: int) -> list[str]:
    """Apply a kustomization twice with kubectl; return what goes wrong."""
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "apply", "-k", str(FOLDER / folder)]
    for time in ("first", "second"):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        lines = done.stdout.splitlines()
        if done.returncode:
            return [f"kubectl apply, the {time} time: {line}" for line in done.stderr.strip().splitlines()]
        if len(lines) != count:
            return [f"kubectl applied {len(lines)} of {count} objects the {time} time"]
    created = [line for line in lines if line.endswith(" created")]
    return [f"kubectl made it anew the second time: {line}" for line in created]


if __name__ == "__main__":
    sys.exit(main())
