"""What the command line says of a run besides its scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Options that decide where and how a run is kept."""

    out: Path = Path("results")
    """Where folders of runs are made."""
    note: str = ""
    trace_link: str = ""
    time_scale: float = 1.0
    require_proof: bool = False
    stop_when_decided: bool = False
