"""What tests start finds the same environment, whether pytest runs in a terminal, a script or CI."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.ports import HIGH, LOW, find_free_port


def test_a_started_process_can_be_interrupted() -> None:
    """Also if a script started pytest in the background, where SIGINT is ignored."""
    script = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "True\n"


def test_no_variable_that_make_exports_reaches_a_started_process() -> None:
    assert not {"REST_CONFIG", "MAKEFLAGS", "MAKELEVEL"} & os.environ.keys()


def test_each_port_is_given_once_and_from_below_those_that_kernels_assign() -> None:
    ports = [find_free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(LOW <= port < HIGH for port in ports)
