"""The `serving` section of a service's configuration: batching, load shedding, deadlines, logging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PositiveFraction = Annotated[float, Field(gt=0.0, le=1.0)]

DRAIN_NOTICE_VARIABLE = "DRAIN_NOTICE_S"
"""Environment variable that overrides `drain_notice_s`, for deployments that share one file."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MicroBatchSettings(_Settings):
    """Micro-batching of single predictions."""

    max_rows: int = Field(default=32, ge=1, le=100_000)
    max_wait_ms: float = Field(default=5.0, ge=0.0, le=1_000.0)
    inline_ms: float = Field(default=1.0, ge=0.0, le=100.0)


class QueueSettings(_Settings):
    """The queue of single predictions."""

    max_rows: int = Field(default=2_000, ge=1)
    admitted_share: PositiveFraction = 0.8
    deadline_share: PositiveFraction = 0.5


class BatchEndpointSettings(_Settings):
    """The batch endpoint."""

    max_rows: int = Field(default=10_000, ge=1)
    max_body_mib: float = Field(default=4.0, gt=0.0, le=1_024.0)
    slice_kib: float = Field(default=16.0, gt=0.0, le=1_024.0)
    under_way_mib: float = Field(default=8.0, gt=0.0, le=65_536.0)
    deadline_ms: float = Field(default=5_000.0, gt=0.0)


class ServingSettings(_Settings):
    """All settings; `configuration/service/batched.yaml` explains each one."""

    micro_batch: MicroBatchSettings = MicroBatchSettings()
    queue: QueueSettings = QueueSettings()
    max_body_kib: float = Field(default=4.0, gt=0.0, le=1_024.0)
    deadline_ms: float = Field(default=100.0, gt=0.0)
    explicit_batch: BatchEndpointSettings = BatchEndpointSettings()
    drain_notice_s: float = Field(default=0.0, ge=0.0, le=600.0)
    logged_share: float = Field(default=0.01, ge=0.0, le=1.0)
    logged_refusals_per_s: int = Field(default=100, ge=0)


def apply_environment(section: object, environment: Mapping[str, str]) -> object:
    """The section of the file with the overrides of the environment; not yet validated."""
    notice = environment.get(DRAIN_NOTICE_VARIABLE)
    return {**section, "drain_notice_s": notice} if notice and isinstance(section, dict) else section
