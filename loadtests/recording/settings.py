"""What the command line says of a run besides its scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER_FILE: Final = "LOADTEST_FOLDER_FILE"
"""The environment variable with the file into which the folder of a run is written: see loadtests/api.py."""

NO_PAGE: Final = "LOADTEST_NO_PAGE"
"""The environment variable that, if not empty, leaves report.html out: runs in turns don't wait for it."""


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Options that decide where and how a run is kept."""

    out: Path = Path("results")
    """Where folders of runs are made."""
    note: str = ""
    trace_link: str = ""
    slow_ms: float | None = None
    """Requests that take so long are told; None tells of none."""
    time_scale: float = 1.0
    require_proof: bool = False
    exporters: tuple[str, ...] = ()
    """Plug-ins that make further files of the run."""
    stop_when_decided: bool = False
