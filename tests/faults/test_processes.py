"""Whatever is killed, and however: the load stops, and nothing that was started stays behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
LISTENING = "import socket; s = socket.create_server(('127.0.0.1', 0)); print('on', flush=True); input()"


def test_a_process_port_or_file_left_behind_is_found(nothing_left: Any) -> None:
    """The check of the other tests, with each of the three in turn."""
    child = subprocess.Popen(
        [sys.executable, "-c", LISTENING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "on\n"
    (port,) = nothing_left.note_ports()
    with pytest.raises(AssertionError, match="left after 0 s"):
        nothing_left.check(within_s=0.0)
    child.communicate()
    assert nothing_left.ports == {port}
    file = nothing_left.temporary / "left"
    file.touch()
    with pytest.raises(AssertionError, match="temporary files are left"):
        nothing_left.check()
    file.unlink()
