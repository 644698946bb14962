"""What ends a rehearsal without a result."""

from __future__ import annotations

from loadtests.cli.exit_codes import INVALID


class RehearsalError(Exception):
    """The rehearsal says nothing of the autoscaler; `code` is the exit code."""

    def __init__(self, message: str, code: int = INVALID) -> None:
        super().__init__(message)
        self.code = code
