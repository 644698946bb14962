"""Folders that can't be written, or not to the end: what was recorded stays, and nothing passes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.data.folder import read_run
from tests.faults.ledger import Ledger

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
LONG = "{users: [{constant: 4, for: 600s}]}"
"""Longer than a test waits: the disk ends it."""
EAGER = "traffic: {user: eager}"
LENIENT = "[max latency <= 300 s]"

SMALL_DISK = """
import shutil, subprocess, sys
size, disk, copy, *command = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=True)
code = subprocess.run(command).returncode
shutil.copytree(disk, copy, symlinks=True)
sys.exit(code)
"""
"""Runs a command with a small disk of its own, and copies what it holds to a larger one."""

READ_ONLY = """
import subprocess, sys
folder, *command = sys.argv[1:]
subprocess.run(["mount", "--bind", "-o", "ro", folder, folder], check=True)
sys.exit(subprocess.run(command).returncode)
"""


@pytest.fixture
def mounting(require: Callable[..., None]) -> Callable[..., tuple[str, ...]]:
    """Call with a script and its arguments: what runs a command after mounts that only it sees."""
    require("unshare", "mount")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("needs to be root, for mounts of its own")
    return lambda script, *arguments: ("unshare", "--mount", sys.executable, "-c", script, *arguments)


def run_on_own_disk(load_test: Start, host: str, disk: Path, before: tuple[str, ...], **more: Any) -> Any:
    """A finished load test whose results lie on a disk of its own; they are looked at in a copy."""
    disk.mkdir()
    run = load_test(host, LONG, LENIENT, EAGER, out=disk, before=before, **more).ended()
    run.out = disk.with_name("copy")
    return run


def test_a_disk_that_fills_up_ends_the_run_and_keeps_what_was_written(
    load_test: Start, misbehaving: Start, mounting: Start, ledger: Ledger, tmp_path: Path
) -> None:
    """1.5 MiB: enough to begin a run, and the report; too little for all requests."""
    service, disk = misbehaving(), tmp_path / "disk"
    before = mounting(SMALL_DISK, "1536k", str(disk), str(tmp_path / "copy"))
    run = run_on_own_disk(load_test, service.host, disk, before)
    assert run.code == 3, run.said
    assert "samples could not be written" in run.verdict["sentence"]
    (missing,) = re.findall(r"- ([\d,]+) requests could not be recorded", run.said)
    left = read_run(run.folder)
    assert len(left.samples) == left.facts.requests > 1000
    assert left.facts.ended_s < 600
    assert (run.folder / "report.html").exists()
    ledger.generator(
        fault="the disk is full in the middle of the run",
        recorded="all that found room; the load ends, and the verdict says how many requests are missing",
        verdict=run.verdict["verdict"],
        exit_code=run.code,
        sent=len(left.samples),
        seen=service.seen()[0],
        in_flight=int(missing.replace(",", "")),
    )


def test_a_disk_without_room_begins_no_run(
    load_test: Start, misbehaving: Start, mounting: Start, ledger: Ledger, tmp_path: Path
) -> None:
    service, disk = misbehaving(), tmp_path / "disk"
    before = mounting(SMALL_DISK, "512k", str(disk), str(tmp_path / "copy"))
    run = run_on_own_disk(load_test, service.host, disk, before)
    refuse(ledger, run, service, "the disk is full before the run")
    assert not list(run.out.iterdir())


def test_a_folder_that_is_read_only_begins_no_run(
    load_test: Start, misbehaving: Start, mounting: Start, ledger: Ledger, tmp_path: Path
) -> None:
    """Even for root."""
    service, disk = misbehaving(), tmp_path / "disk"
    run = run_on_own_disk(load_test, service.host, disk, mounting(READ_ONLY, str(disk)))
    refuse(ledger, run, service, "the folder of results is read-only")


def refuse(ledger: Ledger, run: Any, service: Any, fault: str) -> None:
    """State that nothing was run, in a sentence."""
    assert run.code == 2, run.said
    assert "runs can't be kept in" in run.said
    assert "Name another folder: --out DIR" in run.said
    assert service.seen()[0] == 0
    ledger.generator(
        fault=fault,
        recorded="nothing was run; a sentence says so",
        verdict="none",
        exit_code=run.code,
        sent=0,
        seen=0,
    )


@pytest.mark.parametrize("what", ["the run's folder", "the folder of results"])
def test_a_folder_that_is_removed_leaves_no_verdict(
    load_test: Start, misbehaving: Start, ledger: Ledger, what: str
) -> None:
    """There is nothing left to judge: no pass, and no folder that looks like a run."""
    service = misbehaving()
    run = load_test(service.host, "{users: [{constant: 4, for: 2s}]}", LENIENT, EAGER)
    service.until_asked(since_s=0.5)
    shutil.rmtree(run.folder if what == "the run's folder" else run.out)
    run.ended()
    assert run.code not in (0, 1), run.said
    assert "could not be written to its end: No such file or directory" in run.said
    assert "Traceback" not in run.said
    assert not run.out.exists() or not list(run.out.iterdir())
    ledger.generator(
        fault=f"{what} is removed in the middle of the run",
        recorded="nothing is left; a sentence says so",
        verdict="none",
        exit_code=run.code,
        seen=service.seen()[0],
    )
