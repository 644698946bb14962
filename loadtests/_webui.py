"""What the suite adds to Locust's web UI."""

from __future__ import annotations

from typing import Any

from loadtests._loadtest import LoadTest


def install(loadtest: LoadTest, web_ui: Any) -> None:
    """Add to the web UI."""
