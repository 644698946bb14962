"""What the service under test can be asked besides its endpoints: whether it is ready, and its metrics.

    service:
      ready: /healthz       # null: there is nothing to ask; default: /api/health/ready, if it is there
      metrics: null         # in Prometheus' format; default: /metrics, if it is there

A readiness path that is stated has to be there: the load test begins once it answers with a status from 200
to 299, and `availability` is the share of probes that it answers so. A default path that the service does not
have is not missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from configuration.document import Node
from configuration.endpoint import read_url_path

DEFAULT_READY: Final = "/api/health/ready"
DEFAULT_METRICS: Final = "/metrics"


@dataclass(frozen=True)
class ServicePaths:
    """Paths on the host; None where there is nothing to ask."""

    ready: str | None = DEFAULT_READY
    metrics: str | None = DEFAULT_METRICS

    @property
    def requires_ready(self) -> bool:
        """Whether the readiness path has to be there: one other than the default is stated."""
        return self.ready not in (None, DEFAULT_READY)

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as these paths."""
        return {"ready": self.ready, "metrics": self.metrics}


DEFAULT_PATHS: Final = ServicePaths()


def read_service_paths(node: Node) -> ServicePaths:
    """The service section."""
    with node.read_mapping("a mapping with ready and metrics") as keys:
        ready = keys.read_or("ready", _read_path, DEFAULT_READY)
        metrics = keys.read_or("metrics", _read_path, DEFAULT_METRICS)
    return ServicePaths(ready, metrics)


def _read_path(node: Node) -> str | None:
    return None if node.value is None else read_url_path(node)
