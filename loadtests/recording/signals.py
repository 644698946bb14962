"""The signals that stop a load test, so that it is judged and its processes end."""

from __future__ import annotations

import signal


def list_stop_signals() -> list[signal.Signals]:
    """Ctrl-C, SIGTERM, and the end of the terminal, which `nohup` lets a process ignore."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if ignored else [signal.SIGHUP])]


def ignore_stop_signals() -> None:
    """Let none of them change the exit code any more: all that they could ask for is done."""
    for number in list_stop_signals():
        signal.signal(number, signal.SIG_IGN)
