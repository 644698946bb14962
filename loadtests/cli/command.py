"""The command line of `python -m loadtests`: what it takes, what it refuses, what Locust is told."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from collections.abc import Callable
from typing import Final

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from configuration.scenario import Scenario
from loadtests.cli.kubernetes_options import add_kubernetes_option, kubernetes_words
from loadtests.cli.metrics_options import (
    add_metrics_options,
    check_metrics_port,
    check_told_once,
    metrics_words,
    port_number,
)
from loadtests.cli.own_service import ANY, LOOPBACK, ServiceError, free_port, is_free
from loadtests.cli.trace_link import add_trace_link
from loadtests.recording.facts import PROJECT
from loadtests.traffic.payloads import check_bodies
from reports.data.addresses import is_host

LOCUSTFILE: Final = PROJECT / "loadtests" / "locustfile.py"
STAGED: Final = "staged"
MANUAL: Final = "manual"
OWN_PATHS: Final = "/api/models/insurance_charges_model/"
INSTEAD_OF_NOTHING: Final = {
    "scenario": "name one that --list prints, or a YAML file",
    "host": "give the URL of the service, such as http://127.0.0.1:8000, "
    "or leave --host out to test the suite's own service",
    "out": "name the folder where runs are kept, or leave --out out to keep them in results",
    "run_time": "say how long, such as 30s or 5m",
    "web_host": f"give an IP address, or leave --web-host out for {LOOPBACK}",
    "metrics_host": f"give an IP address, or leave --metrics-host out for {LOOPBACK}",
}
"""What to do where an option was given nothing, as an unset variable of a shell gives it."""


def parser() -> argparse.ArgumentParser:
    """What may be typed."""
    made = argparse.ArgumentParser(
        prog="python -m loadtests",
        description="Load-test a model service and judge it; without --host, the suite's own service.",
        epilog="exit codes: 0 pass, 1 fail, 2 usage, or a service that never answered, 3 invalid, 4 internal",
    )
    add = made.add_argument
    add("--scenario", metavar="NAME|FILE", help=f"what to run ({STAGED})")
    add("--host", metavar="URL", help="a service that runs already")
    add("--out", metavar="DIR", default="results", help="where runs are kept (default: results)")
    add("--time-scale", metavar="X", type=_above_zero(float), default=1.0, help="stretch stages and warm-up")
    add("--require-proof", action="store_true", help="fail where too few samples prove an objective")
    add("--stop-when-decided", action="store_true", help="end as soon as each objective is proven or broken")
    add("--note", default="", help="a remark to keep with the run")
    add_trace_link(add)
    add("--processes", metavar="N", type=_above_zero(int), help="generate the load from N processes")
    add("--master", action="store_true", help="share the load among workers, which join from elsewhere")
    add("--expect-workers", metavar="N", type=_above_zero(int), help="begin when so many have joined (1)")
    add("--worker", action="store_true", help="be such a worker; what it sends, the master says")
    add(
        "--master-host",
        metavar="HOST",
        type=_host,
        default=LOOPBACK,
        help=f"where its master is ({LOOPBACK})",
    )
    add("--master-port", metavar="PORT", type=port_number, default=5557, help="its port (default: 5557)")
    add("-u", "--users", metavar="N", type=_above_zero(int), help=f"users of the scenario {MANUAL}")
    add("-r", "--spawn-rate", metavar="N", type=_above_zero(float), help="how many of them come a second")
    add("-t", "--run-time", metavar="TIME", help="how long it lasts, such as 30s or 5m")
    add("--web", action="store_true", help="open Locust's web UI instead of running")
    add("--web-host", metavar="IP", default=LOOPBACK, help=f"where the web UI listens (default: {LOOPBACK})")
    add("--web-port", metavar="PORT", type=port_number, default=8089, help="its port (default: 8089)")
    add_metrics_options(add)
    add_kubernetes_option(add)
    add("--list", action="store_true", help="print the scenarios")
    add("--check", metavar="NAME|FILE", help="validate a scenario and draw its load; nothing is sent")
    return made


def read(name: str) -> Scenario:
    """A scenario whose payload files hold what they ought to; ConfigurationError otherwise."""
    scenario = load_scenario(name)
    check_bodies(scenario)
    return scenario


def check(options: argparse.Namespace) -> None:
    """Refuse what can't be run, before a service is started: ConfigurationError or ServiceError."""
    _check_given(options)
    _check_parts(options)
    if options.worker:
        return
    if options.scenario is None:
        options.scenario = _scenario_of_environment()
    given = [name for name in ("users", "spawn_rate", "run_time") if getattr(options, name) is not None]
    if options.scenario is None:
        options.scenario = MANUAL if given else STAGED
    scenario = read(options.scenario)
    if scenario.is_manual and not options.web and options.run_time is None:
        raise ConfigurationError(
            f"the scenario {MANUAL} has no load of its own: say how many users for how long, "
            "such as -u 10 -t 30s, or start it in the web UI (--web)"
        )
    if options.host is None and not any(OWN_PATHS in each.path for each in scenario.traffic.endpoints):
        raise ConfigurationError(
            f"the endpoints of {scenario.name!r} are not those of the suite's own service; "
            "aim at yours: --host URL"
        )
    check_told_once(options, options.web)
    check_metrics_port(options)
    if options.web:
        _check_web_port(options.web_host, options.web_port)


def _check_given(options: argparse.Namespace) -> None:
    """Refuse an option that was given nothing: what it would mean is not what anybody meant."""
    for name, remedy in INSTEAD_OF_NOTHING.items():
        value = getattr(options, name)
        if value is not None and not value.strip():
            raise ConfigurationError(f"--{name.replace('_', '-')} is empty: {remedy}")


def _scenario_of_environment() -> str | None:
    name = os.environ.get("SCENARIO")
    if name is not None and not name.strip():
        raise ConfigurationError(
            f"SCENARIO is empty in the environment: {INSTEAD_OF_NOTHING['scenario']}, or unset it"
        )
    return name


def _check_web_port(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServiceError(
                f"port {port} is taken on {host}: end what listens there, "
                "or choose another: --web-port PORT, make web WEB_PORT=PORT"
            ) from None
        raise ServiceError(
            f"the web UI can't listen on port {port} of {host}: "
            "give an address of this machine: --web-host IP"
        ) from None


def _check_parts(options: argparse.Namespace) -> None:
    """Refuse parts of a distributed load test that one process can't play together, or can't play here."""
    if options.worker and (options.master or options.web):
        raise ConfigurationError("--worker sends what a master elsewhere says: leave out --master and --web")
    if options.processes and (options.master or options.worker):
        raise ConfigurationError(
            "--processes starts a master and workers of its own: leave it out, or --master and --worker"
        )
    if options.expect_workers and not options.master:
        raise ConfigurationError("--expect-workers is how many a master waits for: add --master")
    if options.master and not is_free(ANY, options.master_port):
        raise ServiceError(
            f"port {options.master_port}, where workers would join, is taken: end what listens there, "
            "or choose another here and for the workers: --master-port PORT"
        )


def worker_command(options: argparse.Namespace) -> list[str]:
    """What Locust is told where it sends what a master elsewhere says."""
    command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--loglevel", "WARNING"]
    command += ["--worker", "--master-host", options.master_host]
    return [*command, "--master-port", str(options.master_port)]


def locust_command(options: argparse.Namespace, host: str) -> list[str]:
    """What Locust is told."""
    command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--host", host]
    command += ["--loglevel", "WARNING", "--scenario", options.scenario, "--out", options.out]
    command += ["--time-scale", str(options.time_scale)]
    for name in ("note", "trace_link", "users", "spawn_rate", "run_time"):
        if value := getattr(options, name):
            command += [f"--{name.replace('_', '-')}", str(value)]
    command += ["--require-proof"] if options.require_proof else []
    command += ["--stop-when-decided"] if options.stop_when_decided else []
    command += [*metrics_words(options), *kubernetes_words(options)]
    if options.processes:
        # A port that no other load test's workers look for.
        port = str(free_port(0))
        command += ["--processes", str(options.processes), "--master-bind-host", LOOPBACK]
        command += ["--master-bind-port", port, "--master-port", port]
    if options.master:
        command += ["--master", "--master-bind-port", str(options.master_port)]
        command += ["--expect-workers", str(options.expect_workers or 1)]
    if options.web:
        return [*command, "--web-host", options.web_host, "--web-port", str(options.web_port)]
    return [*command, "--headless", "--only-summary", "--calm"]


def _host(text: str) -> str:
    if not is_host(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no host; give a name or an IP address")
    return text


def _above_zero(kind: type[int] | type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is impossible; give a number above 0")
        return value

    return number
