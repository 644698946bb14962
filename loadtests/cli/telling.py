"""Prints to whoever reads; that nobody reads any more changes no exit code."""

from __future__ import annotations

import os
import sys


def tell(text: str) -> None:
    """Print a line at once; from the moment on that the output can't be written, print nothing."""
    try:
        print(text, flush=True)
    except OSError:  # the reader has gone (`| head -1`), or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
