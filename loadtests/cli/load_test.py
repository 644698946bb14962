"""Starts the service and Locust as the command line says; ends with the code of the verdict."""

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

from configuration.drawing import draw_scenario
from configuration.errors import ConfigurationError
from configuration.loading import list_scenario_names, load_scenario
from loadtests.cli.command import (
    MODULE_PROGRAM,
    build_locust_command,
    build_parser,
    build_worker_command,
    check_options,
    read_scenario,
)
from loadtests.cli.exit_codes import INTERNAL, MEANINGS, PASS, USAGE, say_exit_code
from loadtests.cli.own_service import OwnService, ServiceError
from loadtests.client.addresses import ALL_INTERFACES, LOOPBACK
from loadtests.recording.facts import LATEST
from loadtests.recording.parent import end_with_parent, name_parent
from loadtests.recording.processes import build_python_environment
from loadtests.recording.signals import ignore_stop_signals, list_stop_signals


class StoppedError(Exception):
    """A signal arrived before the load test began."""


def run_command_line(arguments: Sequence[str], program: str = MODULE_PROGRAM) -> int:
    """Do what was typed after `program`; return the exit code."""
    options = build_parser(program).parse_args(arguments)
    options.typed = shlex.join([*program.split(), *arguments])
    try:
        if options.list:
            return _list()
        if options.check is not None:
            return _check(options.check, options.processes or 1)
        scenario = check_options(options)
        for number in list_stop_signals():
            signal.signal(number, _stop)
        end_with_parent()
        return _work(options) if scenario is None else _run(options, scenario)
    except (ConfigurationError, ServiceError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except StoppedError as stopped:
        print(f"stopped by {stopped} before the load test began; nothing was run", file=sys.stderr)
        return USAGE


def _list() -> int:
    names = list_scenario_names()
    width = max(map(len, names))
    for name in names:
        print(f"{name:<{width}}  {_describe(name)}")
    return PASS


def _describe(name: str) -> str:
    try:
        return load_scenario(name).description
    except ConfigurationError:  # of somebody's own
        return f"(is no scenario: --check {name} says why)"


def _check(name: str, processes: int) -> int:
    from loadtests.preflight.plan import list_warnings  # it loads what makes payloads

    scenario = read_scenario(name)
    print(draw_scenario(scenario))
    for warning in list_warnings(scenario, processes):
        print(f"warning: {warning}")
    return PASS


def _work(options: argparse.Namespace) -> int:
    print(f"joining the master at {options.master_host}:{options.master_port}", file=sys.stderr)
    return _call(build_worker_command(options), options.typed)


def _run(options: argparse.Namespace, scenario: str) -> int:
    if options.host is not None:
        return _load_test(options, scenario, options.host)
    print("starting the service", file=sys.stderr)
    with OwnService() as service:
        return _load_test(options, scenario, service.host)


def _stop(number: int, _: FrameType | None) -> None:
    raise StoppedError(signal.Signals(number).name)


def _load_test(options: argparse.Namespace, scenario: str, host: str) -> int:
    if options.web:
        shown = LOOPBACK if options.web_host == ALL_INTERFACES else options.web_host
        print(f"open http://{shown}:{options.web_port} (Ctrl-C ends it)", file=sys.stderr)
    elif options.master:
        expected = "a worker" if options.expect_workers in (None, 1) else f"{options.expect_workers} workers"
        print(f"waiting for {expected} on port {options.master_port}", file=sys.stderr)
    latest = Path(options.out) / LATEST
    before = os.path.realpath(latest)
    code = _call(build_locust_command(options, scenario, host), options.typed)
    ignore_stop_signals()
    if code not in MEANINGS:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended unexpectedly with {code}"
        print(f"Locust {how}", file=sys.stderr)
        code = INTERNAL
    unused = options.web and code == PASS and os.path.realpath(latest) == before
    print(f"no run was made (exit code {PASS})" if unused else say_exit_code(code))
    return code


def _call(command: list[str], typed: str) -> int:
    """Run Locust in another process session; pass on each signal that arrives here.

    Locust ends by a signal only as long as it has begun nothing: StoppedError.
    """
    came: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def forward(number: int, _: FrameType | None) -> None:
        came.append(number)
        if process is not None:
            process.send_signal(number)

    for number in list_stop_signals():
        signal.signal(number, forward)
    environment = {**build_python_environment(), **name_parent(), "LOADTEST_COMMAND": typed}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    for early in came.copy():
        process.send_signal(early)
    code = process.wait()
    if -code in came:
        raise StoppedError(signal.Signals(-code).name)
    return code
