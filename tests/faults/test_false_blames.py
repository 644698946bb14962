"""What is the generator's own doing is no failure of the service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
Start = Callable[..., Any]


def test_a_connection_that_the_server_closed_is_not_used_again(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """It closes each after its reply and doesn't say so; users that pause see it before they send.

    One in fifty may be sent in vain, where the service is kept from running between its reply and its close.
    """
    service = misbehaving("closing")
    objectives = "[error rate <= 2 %, max latency <= 100 s]"
    pausing = "traffic: {user: stress}"
    run = load_test(service.host, "{users: [{constant: 6, for: 4s}]}", objectives, pausing).ended()
    assert run.code == 0, run.said
    assert len(run.rows) == service.seen()[0]
    ledger.add_run(
        run,
        fault="connections are closed after each reply, unsaid",
        recorded="all; a closed connection is seen before it is used",
        seen=service.seen()[0],
    )


@pytest.mark.parametrize(("method", "failed"), [("PUT", 0.01), ("POST", 0.05)])
def test_what_a_closing_server_never_read_is_sent_again_and_counted(
    load_test: Start, misbehaving: Start, method: str, failed: float, ledger: Ledger
) -> None:
    """Users that don't pause send while the server is closing: a third of what they send.

    PUT may be repeated in any case (RFC 9110, 9.2.2), POST only where the kernel says that nobody read it.
    On a busy machine a few are lost later than at once, and are failures.
    """
    service = misbehaving("closing")
    endpoint = f"{{name: prediction, path: /predict, method: {method}}}"
    run = load_test(
        service.host,
        "{users: [{constant: 4, for: 3s}]}",
        "[error rate <= 5 %, max latency <= 100 s]",
        f"traffic: {{user: eager, endpoints: [{endpoint}]}}",
    ).ended()
    assert run.code == 0, run.said
    rows = run.rows
    assert sum(row["outcome"] != "ok" for row in rows) <= failed * len(rows)
    resent = int(max(each["value"] for each in run.telemetry if each["name"] == "resent"))
    assert resent > 0
    ledger.add_run(
        run,
        fault=f"the same under users that don't pause, with {method}",
        recorded="all; what was never read is sent again, and counted",
        seen=service.seen()[0],
        in_flight=resent,
    )


def test_a_lack_of_file_descriptors_is_ours(load_test: Start, misbehaving: Start, ledger: Ledger) -> None:
    """Two hundred users, and descriptors for half of them."""
    service = misbehaving("delay=0.05")
    run = load_test(
        service.host,
        "{users: [{constant: 200, for: 4s}]}",
        "[error rate <= 1 %, availability >= 99 %]",
        before=("prlimit", "--nofile=120:120"),
    ).ended()
    assert run.code == 3, run.said
    assert "the generator had no file descriptor left: raise its limit (ulimit -n 65536)" in run.said
    outcomes = {row["outcome"] for row in run.rows}
    assert outcomes == {"ok", "no_descriptor"}
    assert sum(row["outcome"] == "ok" for row in run.rows) == service.seen()[0]
    ledger.add_run(
        run,
        fault="the generator has too few file descriptors",
        recorded="`no_descriptor` for what was not sent, with the remedy",
        seen=service.seen()[0],
    )


FEW_PORTS = """
import subprocess, sys
open("/proc/sys/net/ipv4/ip_local_port_range", "w").write("40000 40015")
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
service = subprocess.Popen([sys.executable, sys.argv[1], "delay=0.05"], stdout=subprocess.PIPE, text=True)
host = f"http://127.0.0.1:{int(service.stdout.readline())}"
try:
    sys.exit(subprocess.run([*sys.argv[2:], "--host", host]).returncode)
finally:
    service.kill()
"""


def test_a_lack_of_ports_is_ours(load_test: Start, require: Callable[..., None], ledger: Ledger) -> None:
    """In a network of its own, with sixteen ports for forty users."""
    require("unshare", "ip")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        pytest.skip("needs to be root, for a network namespace")
    run = load_test(
        "http://127.0.0.1:1",
        "{users: [{constant: 40, for: 3s}]}",
        "[error rate <= 1 %]",
        before=("unshare", "--net", sys.executable, "-c", FEW_PORTS, str(HERE / "service.py")),
    ).ended()
    assert run.code == 3, run.said
    assert "the generator had no port left" in run.said
    assert "no_port" in {row["outcome"] for row in run.rows}
    ledger.add_run(
        run,
        fault="the generator has too few ports",
        recorded="`no_port` for what was not sent, with the remedy",
    )


def test_a_large_reply_takes_no_longer_than_it_is(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """50 MB arrive in thousands of pieces, each of which is kept once."""
    service = misbehaving(f"padding={50 * 2**20}")
    run = load_test(
        service.host,
        "{users: [{constant: 1, for: 3s}]}",
        "[error rate <= 0 %, max latency <= 8 s]",
        "traffic: {user: eager}",
    ).ended()
    assert run.code == 0, run.said
    ledger.add_run(
        run,
        fault="replies of 50 MB",
        recorded="`ok`, and no slower than the network",
        seen=service.seen()[0],
    )
