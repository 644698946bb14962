"""`python -m loadtests`: bring the service up, run Locust, pass the verdict on as exit code."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from configuration.drawing import draw
from configuration.errors import ConfigurationError
from configuration.loading import load_scenario, scenario_names
from loadtests.cli import command
from loadtests.cli.own_service import ANY, LOOPBACK, OwnService, ServiceError
from loadtests.recording.facts import LATEST, PROJECT
from loadtests.session.judging import INTERNAL, INVALID, MEANINGS, PASS, USAGE, last_line

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StoppedError(Exception):
    """A signal came before the load test began."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = command.parser().parse_args(arguments)
    try:
        if options.list:
            return _list()
        if options.check is not None:
            print(draw(command.read(options.check)))
            return PASS
        command.check(options)
        return _work(options) if options.worker else _run(options)
    except (ConfigurationError, ServiceError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except StoppedError as stopped:
        print(f"stopped by {stopped} before the load test began; nothing was run", file=sys.stderr)
        return INVALID


def _list() -> int:
    width = max(map(len, scenario_names()))
    for name in scenario_names():
        print(f"{name:<{width}}  {load_scenario(name).description}")
    return PASS


def _work(options: argparse.Namespace) -> int:
    print(f"joining the master at {options.master_host}:{options.master_port}", file=sys.stderr)
    return _call(command.worker_command(options))


def _run(options: argparse.Namespace) -> int:
    for number in SIGNALS:
        signal.signal(number, _stop)
    if options.host is not None:
        return _load_test(options, options.host)
    print("starting the service", file=sys.stderr)
    with OwnService() as service:
        return _load_test(options, service.host)


def _stop(number: int, _: FrameType | None) -> None:
    raise StoppedError(signal.Signals(number).name)


def _load_test(options: argparse.Namespace, host: str) -> int:
    if options.web:
        shown = LOOPBACK if options.web_host == ANY else options.web_host
        print(f"open http://{shown}:{options.web_port} (Ctrl-C ends it)", file=sys.stderr)
    elif options.master:
        expected = "a worker" if options.expect_workers in (None, 1) else f"{options.expect_workers} workers"
        print(f"waiting for {expected} on port {options.master_port}", file=sys.stderr)
    latest = Path(options.out) / LATEST
    before = latest.resolve()
    code = _call(command.locust_command(options, host))
    if code not in MEANINGS:
        print(f"Locust ended unexpectedly with {code}", file=sys.stderr)
        code = INTERNAL
    unused = options.web and code == PASS and latest.resolve() == before
    print(f"no run was made (exit code {PASS})" if unused else last_line(code))
    return code


def _call(command: list[str]) -> int:
    """Run Locust in a session of its own; signals that come here are passed on, each once."""
    environment = {
        **os.environ,
        "LOADTEST_COMMAND": shlex.join(["python", "-m", "loadtests", *sys.argv[1:]]),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH")))),
    }
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)

    def forward(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    for number in SIGNALS:
        signal.signal(number, forward)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
