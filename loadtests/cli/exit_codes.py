"""Exit codes, of `python -m loadtests` and of plain `locust` alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PASS, FAIL, USAGE, INVALID, INTERNAL = 0, 1, 2, 3, 4
MEANINGS: Final = {
    PASS: "verdict: pass",
    FAIL: "verdict: fail",
    USAGE: "no verdict: nothing was run",
    INVALID: "verdict: invalid",
    INTERNAL: "no verdict: internal error",
}


def find_exit_code(verdict: Mapping[str, Any] | None) -> int:
    """The exit code of a verdict; without one something broke inside."""
    return INTERNAL if verdict is None else int(verdict["exit_code"])


def say_exit_code(code: int) -> str:
    """The last line of the command line: `make` passes on only 0 and 2."""
    return f"{MEANINGS[code]} (exit code {code})"
