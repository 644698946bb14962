"""Why the figures of a run can't be trusted, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One reason, and its remedy if one is known; `str()` joins them to a sentence without its full stop."""

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        joint = "; " if ": " in self.what else ": "
        return f"{self.what}{joint}{self.remedy}" if self.remedy else self.what
