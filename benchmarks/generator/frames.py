"""Describes stack frames as text, so that a sample can be assigned to a part of the program."""

from __future__ import annotations

from pathlib import Path
from types import CodeType, FrameType
from typing import Final

FILE_PARTS: Final = 3
"""How many parts of a file's path are kept: package, sub-package and module."""


def describe_code(code: CodeType) -> str:
    """Describe a function and its file, as in `Connection.exchange (loadtests/client/connection.py)`."""
    return f"{code.co_qualname} ({'/'.join(Path(code.co_filename).parts[-FILE_PARTS:])})"


def describe_stack(frame: FrameType | None) -> str:
    """Describe all frames of a stack, outermost first, joined by semicolons."""
    frames = []
    while frame is not None:
        frames.append(describe_code(frame.f_code))
        frame = frame.f_back
    return ";".join(reversed(frames))
