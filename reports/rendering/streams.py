"""Standard output and standard error that no reader, disk or character set can break."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from io import BufferedWriter, FileIO, RawIOBase, TextIOWrapper
from typing import Any, TextIO


class _DroppingFile(FileIO):
    """A file descriptor: what can't be written to it is dropped, because nobody is there to be told."""

    def write(self, content: Any) -> int:
        """Write all; say that all was written, too, if the reader has gone or the disk is full.

        A descriptor that doesn't block, as some programs hand on, is waited for while its reader is slow.
        """
        rest = memoryview(content).cast("B")
        count = len(rest)
        with suppress(OSError):
            while rest:
                if (written := super().write(rest)) is None:
                    select.select((), (self,), ())
                else:
                    rest = rest[written:]
        return count


def make_output_safe() -> None:
    """Let no failure of standard output or standard error change what this process does, or its exit code.

    A reader that has gone (`| head -1`), a full disk (`> /dev/full`) and a terminal that was closed lose what
    is written from then on. Characters that the encoding lacks are replaced. Descriptors 0 to 2 that were
    closed (`>&-`) lead to the null device, so that no file opened later is taken for the output. Streams that
    a test put in place are left alone.
    """
    for _ in range(3):
        if (lowest := os.open(os.devnull, os.O_RDWR)) > 2:
            os.close(lowest)
            break
        os.set_inheritable(lowest, True)
    sys.stdout = _make_safe(sys.stdout, sys.__stdout__, 1)
    sys.stderr = _make_safe(sys.stderr, sys.__stderr__, 2)


def _make_safe(stream: TextIO | None, original: TextIO | None, descriptor: int) -> TextIO:
    if stream is not None and (stream is not original or not isinstance(stream, TextIOWrapper)):
        return stream
    file = _DroppingFile(descriptor, "w", closefd=False)
    if stream is None:
        return TextIOWrapper(BufferedWriter(file), encoding="utf-8", errors="replace")
    stream.flush()
    beneath: Any = stream.buffer  # with PYTHONUNBUFFERED it is the file itself
    return TextIOWrapper(
        file if isinstance(beneath, RawIOBase) else BufferedWriter(file),
        encoding=stream.encoding,
        errors="backslashreplace" if stream.errors == "backslashreplace" else "replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def is_colorful(stream: TextIO) -> bool:
    """Whether a terminal shows the stream that understands colours, and the user wants them (NO_COLOR)."""
    return can_redraw(stream) and not os.environ.get("NO_COLOR")


def can_redraw(stream: TextIO) -> bool:
    """Whether a terminal shows the stream that understands escape sequences, as TERM says."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
