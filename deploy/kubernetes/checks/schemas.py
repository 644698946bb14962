"""Validates objects against the published schemas of Kubernetes releases; an unknown field is an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import kubernetes_validate

OLDEST: Final = "1.27"
"""Earlier releases have no `unhealthyPodEvictionPolicy` in a PodDisruptionBudget."""
LATEST: Final = "1.37"


def find_schema_errors(item: Mapping[str, Any], release: str) -> list[str]:
    """Return a sentence about what the release refuses; empty if the object is valid."""
    try:
        kubernetes_validate.validate(item, release, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(map(str, error.path)) or "the object itself"
        return [f"{place}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError:
        return [f"Kubernetes {release} knows no {item.get('kind')} of {item.get('apiVersion')}"]
    return []
