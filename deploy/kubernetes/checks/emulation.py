"""An emulated Kubernetes API for kubectl: it stores objects in memory and runs nothing.

It answers discovery, the part of OpenAPI that kubectl requests, and reads and writes of objects. A written
object is validated strictly against the schemas of one Kubernetes release, and its namespace must exist. No
pod starts, no default is set, and no autoscaler decides: these need a cluster.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import kmock
from aiohttp.web import BaseRequest, StreamResponse

from deploy.kubernetes.checks.schemas import LATEST, find_schema_errors

NAMESPACES: Final = "/api/v1/namespaces"
ALIAS: Final = "/api/v1/namespace-objects"
"""kmock treats a namespace as a part of the path, not as an object; this path stores it as an object."""

KINDS: Final = {
    "v1/namespaces": ("Namespace", False),
    "v1/configmaps": ("ConfigMap", True),
    "v1/persistentvolumeclaims": ("PersistentVolumeClaim", True),
    "v1/pods": ("Pod", True),
    "v1/serviceaccounts": ("ServiceAccount", True),
    "v1/services": ("Service", True),
    "apps/v1/deployments": ("Deployment", True),
    "autoscaling/v2/horizontalpodautoscalers": ("HorizontalPodAutoscaler", True),
    "batch/v1/jobs": ("Job", True),
    "metrics.k8s.io/v1beta1/pods": ("PodMetrics", True),
    "networking.k8s.io/v1/networkpolicies": ("NetworkPolicy", True),
    "policy/v1/poddisruptionbudgets": ("PodDisruptionBudget", True),
}
"""Each kind that the API knows, and whether it is namespaced."""
START_PATIENCE_S: Final = 30
VERBS: Final = {"create", "delete", "get", "list", "patch", "watch"}


class EmulatedCluster(kmock.KubernetesEmulator):
    """kmock's emulator, with the validation of a real API server."""

    kubeconfig: Path
    """The configuration with which kubectl reaches it."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        for name, (kind, namespaced) in KINDS.items():
            self.resources[name] = kmock.ResourceInfo(
                kind=kind,
                singular=kind.lower(),
                namespaced=namespaced,
                verbs=VERBS,
            )
        self["get /api/v1"] << _compose_discovery()
        self["get /openapi/v3"] << {"paths": _list_openapi_paths()}
        for path in _list_openapi_paths():
            self[f"get /openapi/v3/{path}"] << _compose_openapi(path)

    async def __call__(self, raw_request: BaseRequest) -> StreamResponse:
        """Answer one request."""
        path = raw_request.path
        rest = path.removeprefix(NAMESPACES)
        if path.startswith(NAMESPACES) and rest.count("/") <= 1:
            raw_request = raw_request.clone(rel_url=ALIAS + rest)
        return await super().__call__(raw_request)

    async def _handle(self, request: kmock.Request) -> StreamResponse:
        if request.action is kmock.action.CREATE:
            self._admit(request.data, request.namespace)
        return await super()._handle(request)

    def _admit(self, item: Mapping[str, Any], namespace: str | None) -> None:
        name = f"{item['kind']} {item['metadata']['name']!r}"
        if found := find_schema_errors(item, LATEST):
            raise kmock.KubernetesError(422, "Invalid", f"{name} is invalid: {'; '.join(found)}")
        if namespace is not None and not any(key[1:] == (None, namespace) for key in self.objects):
            raise kmock.KubernetesError(404, "NotFound", f"namespaces {namespace!r} not found, for {name}")


@contextmanager
def emulate_cluster() -> Iterator[EmulatedCluster]:
    """Run an empty cluster on a free port of this machine until the block ends.

    Raises the error that prevents its start, TimeoutError after half a minute.
    """
    cluster = EmulatedCluster()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    address: Future[str] = Future()

    async def serve() -> None:
        try:
            async with cluster, kmock.Server(cluster) as server:
                address.set_result(str(server.url))
                await stop.wait()
        except Exception as error:
            if address.done():
                raise
            address.set_exception(error)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        url = address.result(START_PATIENCE_S)
        with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
            cluster.kubeconfig = Path(folder, "config")
            cluster.kubeconfig.write_text(json.dumps(_compose_kubeconfig(url)))
            yield cluster
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def _compose_kubeconfig(url: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "emulated",
        "contexts": [{"name": "emulated", "context": {"cluster": "emulated", "user": "nobody"}}],
        "clusters": [{"name": "emulated", "cluster": {"server": url}}],
        "users": [{"name": "nobody", "user": {}}],
    }


def _compose_discovery() -> dict[str, Any]:
    """Describe the kinds of the core group, which kmock calls `/v1`."""
    return {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": name.removeprefix("v1/"),
                "singularName": kind.lower(),
                "kind": kind,
                "namespaced": namespaced,
                "verbs": sorted(VERBS),
            }
            for name, (kind, namespaced) in KINDS.items()
            if name.startswith("v1/")
        ],
    }


def _list_openapi_paths() -> dict[str, dict[str, str]]:
    return {
        path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in sorted({*map(_get_group_path, KINDS)})
    }


def _get_group_path(resource: str) -> str:
    group_version = resource.rpartition("/")[0]
    return f"api/{group_version}" if group_version == "v1" else f"apis/{group_version}"


def _compose_openapi(path: str) -> dict[str, Any]:
    """Describe a group for kubectl: the server can validate each of its kinds."""
    paths = {}
    for resource, (kind, _) in KINDS.items():
        if _get_group_path(resource) == path:
            group, _, version = resource.rpartition("/")[0].rpartition("/")
            paths[f"/{path}/{resource.rpartition('/')[2]}/{{name}}"] = {
                "patch": {
                    "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
                    "parameters": [{"name": "fieldValidation", "in": "query"}],
                    "responses": {},
                }
            }
    return {"openapi": "3.0.0", "info": {"title": "emulated", "version": "1"}, "paths": paths}
