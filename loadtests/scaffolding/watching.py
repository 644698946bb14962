"""Finds where a service tells that it is ready, which the load test asks once a second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from configuration.service_paths import DEFAULT_PATHS
from loadtests.scaffolding.asking import DocumentReader
from loadtests.scaffolding.sketch import ServiceSketch

_TELLING: Final = tuple(
    re.compile(rf"(^|/)({name})(/|$)")
    for name in (r"ready\w*|readiness", r"health\w*", r"live\w*|startup", "ping")
)
"""The most telling names first."""
USUAL: Final = ("/v2/health/ready", "/health/ready", "/readyz", "/healthz", "/health")


def find_ready_path(reader: DocumentReader, sketch: ServiceSketch) -> str | None:
    """The first path that is answered with 2xx: the documented ones, then the usual ones.

    None where there is none, and where the load test asks the right one anyway.
    """
    found = next((path for path in _list_candidates(sketch) if reader.is_there(path)), None)
    return None if found == DEFAULT_PATHS.ready else found


def _list_candidates(sketch: ServiceSketch) -> Iterator[str]:
    if DEFAULT_PATHS.ready is not None:
        yield DEFAULT_PATHS.ready
    documented = [each.path for each in sketch.endpoints if each.method == "GET" and "{" not in each.path]
    for pattern in _TELLING:
        yield from (path for path in documented if pattern.search(path))
    yield from USUAL
