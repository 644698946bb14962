"""Silences loggers of Locust where the progress line and the verdict say it better."""

from __future__ import annotations

import logging
from argparse import Namespace
from typing import Final

KNOWN: Final = (
    "Your selected spawn rate is very high",
    "--run-time, --users or --spawn-rate have no impact on LoadShapes",
)
"""How warnings about what the suite does on purpose begin."""


class _KnownWarnings(logging.Filter):
    """Drops them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let the record pass."""
        return not record.getMessage().startswith(KNOWN)


def quieten(options: Namespace) -> None:
    """Silence warnings that don't apply; with `--calm`, Locust's tables and its progress messages too."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_KnownWarnings())
    if options.calm:
        logging.getLogger("locust.stats_logger").disabled = True
        for name in ("locust.main", "locust.runners"):
            logging.getLogger(name).setLevel(logging.WARNING)
