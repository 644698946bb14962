"""What is kept for one user while it sends, and when paced users start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gevent

GOLDEN_RATIO: Final = 0.618_033_988_749_895
"""Its multiples modulo 1 are spread evenly, however many are taken (a low-discrepancy sequence)."""


class Visitor:
    """What is kept for one user: the values of its login, and how it pauses within a journey."""

    def __init__(self, pause: Callable[[float], object] = gevent.sleep) -> None:
        self.values: dict[str, Any] = {}
        self.logged_in = False
        self.pause = pause


def phase_offset(user: int) -> float:
    """Phase offset in [0, 1) that spreads paced users over one interval."""
    return (user * GOLDEN_RATIO) % 1.0
