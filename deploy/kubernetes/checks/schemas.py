"""Objects against the published schemas of Kubernetes releases, strictly: no field it doesn't know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import kubernetes_validate

OLDEST: Final = "1.27"
"""Before it, a PodDisruptionBudget can't say what becomes of unhealthy pods."""
LATEST: Final = "1.37"


def misfits(item: Mapping[str, Any], release: str) -> list[str]:
    """What of an object the release refuses, a sentence each; empty if it fits."""
    try:
        kubernetes_validate.validate(item, release, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(map(str, error.path)) or "the object itself"
        return [f"{place}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError:
        return [f"Kubernetes {release} knows no {item.get('kind')} of {item.get('apiVersion')}"]
    return []
