"""Surroundings that nobody plans for: a clock that is set, poor terminals, odd paths, two runs at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.data.folder import read_run
from tests.faults.ledger import Ledger

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
LOAD = "{users: [{constant: 4, for: 2s}]}"
LENIENT = "[max latency <= 300 s, error rate <= 0 %]"
EAGER = "traffic: {user: eager}"

STEPPED_CLOCK = """
import os, time
real_time = time.time
def stepped_time():
    if not os.path.exists({flag!r}):
        return real_time()
    open({flag!r} + ".read", "w").close()
    return real_time() + {step_s}
time.time = stepped_time
"""
"""A `sitecustomize` module: the clock of each Python process is set while a file exists."""


def state_pass(ledger: Ledger, run: Any, service: Any, fault: str, recorded: str) -> None:
    """State that a run passed with all requests recorded."""
    assert run.code == 0, run.said
    sent, seen = len(run.rows), service.seen()[0]
    assert sent == seen > 0
    ledger.generator(
        fault=fault,
        recorded=recorded,
        verdict=run.verdict["verdict"],
        exit_code=run.code,
        sent=sent,
        seen=seen,
    )


@pytest.mark.parametrize(("step_s", "way"), [(3600, "forward"), (-3600, "back")], ids=["forward", "back"])
def test_a_clock_that_is_set_changes_no_figure(
    load_test: Start, misbehaving: Start, ledger: Ledger, tmp_path: Path, step_s: int, way: str
) -> None:
    """In a load test and all its processes, by an hour; time is measured by a clock that nobody sets."""
    service, flag = misbehaving(), tmp_path / "stepped"
    (tmp_path / "sitecustomize.py").write_text(STEPPED_CLOCK.format(step_s=step_s, flag=str(flag)))
    run = load_test(service.host, LOAD, LENIENT, EAGER, environment={"PYTHONPATH": str(tmp_path)})
    service.until_asked(since_s=0.5)
    flag.touch()
    run.ended()
    assert (tmp_path / "stepped.read").exists(), "nobody read the clock"
    assert run.facts["interrupted"] is None
    assert 2 <= run.facts["ended_s"] < 300
    assert all(0 <= row["latency_ms"] < 300_000 for row in run.rows)
    state_pass(ledger, run, service, f"the clock is set an hour {way}", "all, with unchanged times")


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        ({"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "`LANG=C`"),
        ({"TERM": ""}, "no `TERM`"),
        ({"COLUMNS": "40"}, "a terminal of 40 columns"),
    ],
    ids=["ascii", "no-term", "narrow"],
)
def test_a_poor_terminal_shows_the_verdict(
    load_test: Start, misbehaving: Start, ledger: Ledger, environment: dict[str, str], fault: str
) -> None:
    service = misbehaving()
    run = load_test(service.host, LOAD, LENIENT, EAGER, environment=environment).ended()
    for word in ("Passed", "max latency", "error rate", "verdict: pass (exit code 0)"):
        assert word in " ".join(run.said.split()), run.said
    assert "Traceback" not in run.said
    state_pass(ledger, run, service, fault, "all; the table of objectives is shown")


def test_paths_may_have_spaces_and_umlauts(
    load_test: Start, misbehaving: Start, ledger: Ledger, tmp_path: Path
) -> None:
    service, out = misbehaving(), tmp_path / "Läufe von gestern" / "größer & 100 %"
    run = load_test(service.host, LOAD, LENIENT, EAGER, out=out).ended()
    assert (out / "latest" / "report.html").exists()
    assert str(out) in run.said
    state_pass(ledger, run, service, "spaces, umlauts, `&` and `%` in paths", "all")


def test_two_runs_at_once_in_one_folder_are_two_runs(
    load_test: Start, misbehaving: Start, ledger: Ledger, tmp_path: Path
) -> None:
    """Each has its own service and its own folder; `latest` leads to one of them."""
    services = [misbehaving(), misbehaving()]
    out = tmp_path / "shared"
    runs = [load_test(service.host, LOAD, LENIENT, EAGER, out=out) for service in services]
    assert [run.ended().code for run in runs] == [0, 0], runs[0].said + runs[1].said
    folders = sorted(path for path in out.iterdir() if not path.is_symlink())
    recorded = {read_run(folder).facts.host: len(read_run(folder).samples) for folder in folders}
    assert recorded == {service.host: service.seen()[0] for service in services}
    assert (out / "latest").resolve() in folders
    for service in services:
        ledger.generator(
            fault="two runs at once in one folder",
            recorded="all, each in a folder of its own",
            verdict="pass",
            exit_code=0,
            sent=recorded[service.host],
            seen=service.seen()[0],
        )
