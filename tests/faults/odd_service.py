"""The suite's service with an odd model, as a process of its own, for faults that it meets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.service.live_service import LONG_MS, ROOT, Service, odd_model

GENEROUS: dict[str, Any] = {"deadline_ms": LONG_MS, "explicit_batch": {"deadline_ms": LONG_MS}}
"""Deadlines for tests that are not about them."""


def write_configuration(
    folder: Path, settings: dict[str, Any] | None = None, model: dict[str, Any] | None = None
) -> Path:
    """A configuration of the batched service, with an odd model and these settings under `serving`."""
    values = yaml.safe_load((ROOT / "configuration/service/batched.yaml").read_text(encoding="utf-8"))
    values["models"] = [{"create_endpoint": False, **(model or odd_model())}]
    values["serving"] |= GENEROUS | (settings or {})
    path = folder / "service.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@contextmanager
def serving(
    folder: Path,
    settings: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    command: Sequence[str] = ("service",),
    **environment: str,
) -> Iterator[Service]:
    """A service with such a configuration, run by these `python -m` words."""
    service = Service(command, write_configuration(folder, settings, model), environment)
    try:
        yield service
    finally:
        service.close()
