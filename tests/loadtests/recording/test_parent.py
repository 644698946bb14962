"""A process learns that its parent has gone, and which signals stop it."""

from __future__ import annotations

import os
import signal

import pytest

from loadtests.recording.parent import PARENT, await_end, name_parent, take_parent
from loadtests.recording.signals import ignore_stop_signals, list_stop_signals


def test_a_child_is_told_its_parent_and_tells_no_child_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PARENT, name_parent()[PARENT])
    assert take_parent() == os.getpid()
    assert take_parent() is None


def test_it_waits_as_long_as_the_parent_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    parents = iter([7, 7, 7, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    await_end(7, pauses.append)
    assert pauses == [0.5] * 3


def test_a_parent_that_has_gone_before_is_missed_at_once() -> None:
    await_end(os.getpid(), lambda _: pytest.fail("it waited"))


def test_a_lost_terminal_stops_a_run_unless_nohup_said_otherwise() -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        assert list_stop_signals() == [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        ignore_stop_signals()
        assert {signal.getsignal(number) for number in handlers} == {signal.SIG_IGN}
        assert list_stop_signals() == [signal.SIGINT, signal.SIGTERM]
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
