"""Writes what a search found into its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from capacity.findings import FILE, CapacityFindings
from capacity.page import render_capacity
from capacity.summary import format_capacity_md
from reports.data.folder import write_text

PAGE: Final = "capacity.html"
SUMMARY: Final = "summary.md"


def write_findings(found: CapacityFindings, folder: Path) -> None:
    """capacity.json, capacity.html and summary.md."""
    write_text(folder / FILE, json.dumps(found.to_json(), indent=2, allow_nan=False) + "\n")
    write_text(folder / PAGE, render_capacity(found))
    write_text(folder / SUMMARY, format_capacity_md(found, PAGE))
