"""How a frame of the sampled program is described, so that a sample can be assigned to a part of it."""

from __future__ import annotations

from pathlib import Path
from types import CodeType, FrameType
from typing import Final

FILE_PARTS: Final = 3
"""Of a frame's path: module, sub-package and package."""


def describe_code(code: CodeType) -> str:
    """A function and the end of its file's path: `Connection.exchange (loadtests/client/connection.py)`."""
    return f"{code.co_qualname} ({'/'.join(Path(code.co_filename).parts[-FILE_PARTS:])})"


def describe_stack(frame: FrameType | None) -> str:
    """The frames from the outermost to the innermost, joined by semicolons."""
    frames = []
    while frame is not None:
        frames.append(describe_code(frame.f_code))
        frame = frame.f_back
    return ";".join(reversed(frames))
