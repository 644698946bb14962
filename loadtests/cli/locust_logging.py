"""What Locust's own loggers say: nothing that our progress line and verdict say better."""

from __future__ import annotations

import logging
from argparse import Namespace


class _Unhelpful(logging.Filter):
    """Drop warnings about what the suite does on purpose."""

    KNOWN = (
        "Your selected spawn rate is very high",
        "--run-time, --users or --spawn-rate have no impact on LoadShapes",
    )

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let the record pass."""
        return not record.getMessage().startswith(self.KNOWN)


def quieten(options: Namespace) -> None:
    """Silence warnings that don't apply; with `--calm`, Locust's tables and its play-by-play too."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_Unhelpful())
    if options.calm:
        logging.getLogger("locust.stats_logger").disabled = True
        for name in ("locust.main", "locust.runners"):
            logging.getLogger(name).setLevel(logging.WARNING)
