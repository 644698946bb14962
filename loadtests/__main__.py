"""`python -m loadtests`: bring the service up, run Locust, pass the verdict on as exit code."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final

from configuration.drawing import draw
from configuration.errors import ConfigurationError
from configuration.loading import load_scenario, scenario_names
from loadtests._facts import PROJECT
from loadtests._judging import FAIL, INTERNAL, INVALID, PASS, USAGE
from loadtests._service import LOOPBACK, OwnService, ServiceError, free_port

LOCUSTFILE: Final = PROJECT / "loadtests" / "locustfile.py"
MEANINGS: Final = {
    PASS: "verdict: pass",
    FAIL: "verdict: fail",
    USAGE: "no verdict: nothing was run",
    INVALID: "verdict: invalid",
    INTERNAL: "no verdict: internal error",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.list:
            return _list()
        if options.check is not None:
            print(draw(load_scenario(options.check)))
            return PASS
        load_scenario(options.scenario)
        return _run(options)
    except (ConfigurationError, ServiceError) as error:
        print(error, file=sys.stderr)
        return USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests",
        description="Load-test a model service and judge it; without --host, the suite's own service.",
        epilog="exit codes: 0 pass, 1 fail, 2 usage, or a service that never answered, 3 invalid, 4 internal",
    )
    add = parser.add_argument
    add("--scenario", metavar="NAME|FILE", default=os.environ.get("SCENARIO") or "staged", help="what to run")
    add("--host", metavar="URL", default="", help="a service that runs already")
    add("--out", metavar="DIR", default="results", help="where runs are kept (default: results)")
    add("--time-scale", metavar="X", default="1", help="stretch stages and warm-up, 0.1 is ten times shorter")
    add("--require-proof", action="store_true", help="fail where too few samples prove an objective")
    add("--stop-when-decided", action="store_true", help="end as soon as each objective is proven or broken")
    add("--note", default="", help="a remark to keep with the run")
    add("--processes", metavar="N", type=int, help="generate the load from N processes")
    add(
        "--web",
        action="store_true",
        help="open Locust's web UI instead of running",
    )
    add("--web-host", metavar="IP", default=LOOPBACK, help=f"where the web UI listens (default: {LOOPBACK})")
    add("--web-port", metavar="PORT", default="8089", help="the web UI's port (default: 8089)")
    add("--list", action="store_true", help="print the scenarios")
    add("--check", metavar="NAME|FILE", help="validate a scenario and draw its load; nothing is sent")
    return parser


def _list() -> int:
    width = max(map(len, scenario_names()))
    for name in scenario_names():
        print(f"{name:<{width}}  {load_scenario(name).description}")
    return PASS


def _run(options: argparse.Namespace) -> int:
    if options.host:
        return _locust(options, options.host)
    print("starting the service", file=sys.stderr)
    with OwnService() as service:
        return _locust(options, service.host)


def _locust(options: argparse.Namespace, host: str) -> int:
    command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--host", host]
    command += ["--loglevel", "WARNING"]
    command += ["--scenario", options.scenario, "--out", options.out, "--time-scale", options.time_scale]
    command += ["--note", options.note] if options.note else []
    command += ["--require-proof"] if options.require_proof else []
    command += ["--stop-when-decided"] if options.stop_when_decided else []
    command += _processes(options.processes) if options.processes else []
    if options.web:
        print(f"open http://{options.web_host}:{options.web_port} (Ctrl-C ends it)", file=sys.stderr)
        command += ["--web-host", options.web_host, "--web-port", options.web_port]
    else:
        command += ["--headless", "--only-summary", "--calm"]
    code = _call(command)
    if code not in MEANINGS:
        print(f"Locust ended unexpectedly with {code}", file=sys.stderr)
        code = INTERNAL
    print(f"{MEANINGS[code]} (exit code {code})")
    return code


def _processes(count: int) -> list[str]:
    """So many workers on this machine, and a port for them that no other load test uses."""
    port = str(free_port(0))
    return [
        "--processes",
        str(count),
        "--master-bind-host",
        LOOPBACK,
        "--master-bind-port",
        port,
        "--master-port",
        port,
    ]


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

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, forward)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
