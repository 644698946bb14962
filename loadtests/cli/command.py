"""The command line of `python -m loadtests`: what it takes, what it refuses, what it tells Locust."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from configuration.errors import ConfigurationError
from configuration.levels import FASTEST_PER_S, MOST_USERS
from configuration.loading import load_scenario
from configuration.scenario import Scenario
from configuration.units import parse_duration
from loadtests.cli.listening import (
    check_exposed_once,
    check_master_port,
    check_metrics_port,
    check_web_host,
    check_web_port,
)
from loadtests.cli.options import DEFAULT_SCENARIO, MANUAL_SCENARIO, SHARED, add_to_own
from loadtests.cli.own_service import find_free_port
from loadtests.cli.settings import SLOWEST_SPAWN_PER_S, Settings, load_asked_scenario
from loadtests.cli.values import (
    MOST_PROCESSES,
    MOST_WORKERS,
    make_count_parser,
    make_range_parser,
    parse_host,
    parse_port,
)
from loadtests.client.addresses import LOOPBACK
from loadtests.payloads.checking import check_replies
from loadtests.payloads.record_files import check_files
from loadtests.recording.processes import PROJECT, build_python_command

LOCUSTFILE: Final = PROJECT / "loadtests" / "locustfile.py"
LAUNCHER: Final = "loadtests.launch_locust"
MODULE_PROGRAM: Final = "python -m loadtests"
"""How this command line is called, unless it is a sub-command of another."""
OWN_PATHS: Final = "/api/models/insurance_charges_model/"
REMEDIES: Final = {
    "scenario": "name one that --list prints, or a YAML file",
    "host": "give the URL of the service, such as http://127.0.0.1:8000, "
    "or leave --host out to test the suite's own service",
    "out": "name the folder where runs are kept, or leave --out out to keep them in results",
    "baseline": "name one that was saved, or the folder of a run",
    "run_time": "say how long, such as 30s or 5m",
    "web_host": f"give an IP address, or leave --web-host out for {LOOPBACK}",
    "metrics_host": f"give an IP address, or leave --metrics-host out for {LOOPBACK}",
}
"""What to do about an option with an empty value, as an unset variable of a shell gives it."""


def build_parser(program: str = MODULE_PROGRAM) -> ArgumentParser:
    """The parser of what may be typed after `program`."""
    parser = ArgumentParser(
        prog=program,
        description="Load-test a model service and judge it; without --host, the suite's own service.",
        epilog="exit codes: 0 pass, 1 fail, 2 usage, or a service that never answered, 3 invalid, 4 internal",
    )
    add = parser.add_argument
    add("--host", metavar="URL", help="a service that runs already")
    add_to_own(parser)
    add(
        "--processes",
        metavar="N",
        type=make_count_parser(MOST_PROCESSES),
        help="generate the load from N processes",
    )
    add("--master", action="store_true", help="share the load among workers, which join from elsewhere")
    add(
        "--expect-workers",
        metavar="N",
        type=make_count_parser(MOST_WORKERS),
        help="begin when so many have joined (1)",
    )
    add("--worker", action="store_true", help="run as a worker; the master supplies the scenario")
    add(
        "--master-host",
        metavar="HOST",
        type=parse_host,
        default=LOOPBACK,
        help=f"where its master is ({LOOPBACK})",
    )
    add("--master-port", metavar="PORT", type=parse_port, default=5557, help="its port (default: 5557)")
    count, rate = make_count_parser(MOST_USERS), make_range_parser(SLOWEST_SPAWN_PER_S, FASTEST_PER_S)
    add("-u", "--users", metavar="N", type=count, help=f"users of the scenario {MANUAL_SCENARIO}")
    add("-r", "--spawn-rate", metavar="N", type=rate, help="how many of them come a second")
    add("-t", "--run-time", metavar="TIME", help="how long it lasts, such as 30s or 5m")
    add("--web", action="store_true", help="open Locust's web UI instead of running")
    add("--web-host", metavar="IP", default=LOOPBACK, help=f"where the web UI listens (default: {LOOPBACK})")
    add("--web-port", metavar="PORT", type=parse_port, default=8089, help="its port (default: 8089)")
    add("--list", action="store_true", help="print the scenarios")
    add("--check", metavar="NAME|FILE", help="validate a scenario and draw its load; nothing is sent")
    return parser


def read_scenario(name: str) -> Scenario:
    """A scenario whose payload files hold request bodies; ConfigurationError otherwise."""
    scenario = load_scenario(name)
    check_files(scenario)
    check_replies(scenario)
    return scenario


def check_options(options: Namespace) -> str | None:
    """Refuse what can't be run, before a service is started: ConfigurationError or ServiceError.

    Returns the scenario to run; None for a worker.
    """
    _check_empty(options)
    _check_roles(options)
    if options.worker:
        return None
    name = _find_scenario_name(options)
    asked = Settings(
        scenario=name,
        users=options.users,
        spawn_rate=options.spawn_rate,
        run_time_s=None if options.run_time is None else _parse_run_time(options.run_time),
        time_scale=options.time_scale,
        objectives=tuple(options.objective),
        baseline=options.baseline,
        out=Path(options.out),
        path=options.path,
        method=options.method,
        payload=options.payload,
    )
    scenario = load_asked_scenario(asked, web=options.web)
    check_files(scenario)
    if scenario.is_manual and not options.web and options.run_time is None:
        raise ConfigurationError(
            f"the scenario {MANUAL_SCENARIO} has no load of its own: say how many users for how long, "
            "such as -u 10 -t 30s, or start it in the web UI (--web)"
        )
    if options.host is None and not any(OWN_PATHS in each.path for each in scenario.traffic.all_endpoints):
        raise ConfigurationError(
            f"the endpoints of {scenario.name!r} are not those of the suite's own service; "
            "aim at yours: --host URL"
        )
    check_exposed_once(options.web, options.metrics_port)
    check_metrics_port(options.metrics_host, options.metrics_port)
    if options.web:
        check_web_host(options.web_host, has_login=False, without_login=options.web_without_login)
        check_web_port(options.web_host, options.web_port)
    return name


def _check_empty(options: Namespace) -> None:
    for name, remedy in REMEDIES.items():
        value = getattr(options, name)
        if value is not None and not value.strip():
            raise ConfigurationError(f"--{name.replace('_', '-')} is empty: {remedy}")


def _parse_run_time(text: str) -> float:
    """Seconds of `-t`, whose text Locust reads again: a number of seconds, or one with units."""
    try:
        seconds = float(text) if text.isdecimal() else parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds > 0.0:
        return seconds
    raise ConfigurationError(f"-t/--run-time {text} is no duration; give one such as 30s or 5m")


def _find_scenario_name(options: Namespace) -> str:
    """The scenario typed, or that of the environment, or the default."""
    if options.scenario is not None:
        return str(options.scenario)
    name = os.environ.get("SCENARIO")
    if name is not None and not name.strip():
        raise ConfigurationError(f"SCENARIO is empty in the environment: {REMEDIES['scenario']}, or unset it")
    common = (options.users, options.spawn_rate, options.run_time)
    return name or (DEFAULT_SCENARIO if common == (None, None, None) else MANUAL_SCENARIO)


def _check_roles(options: Namespace) -> None:
    """Refuse roles in a distributed load test that one process can't have together, or can't have here."""
    if options.worker and (options.master or options.web):
        raise ConfigurationError("--worker sends what a master elsewhere says: leave out --master and --web")
    if options.processes and (options.master or options.worker):
        raise ConfigurationError(
            "--processes starts a master and workers of its own: leave it out, or --master and --worker"
        )
    if options.expect_workers and not options.master:
        raise ConfigurationError("--expect-workers is how many a master waits for: add --master")
    if options.master:
        check_master_port(options.master_port)


def build_worker_command(options: Namespace) -> list[str]:
    """Locust's command line for a worker of a master elsewhere."""
    command = [*_build_command(), "--worker", "--master-host", options.master_host]
    return [*command, "--master-port", str(options.master_port)]


def build_locust_command(options: Namespace, scenario: str, host: str) -> list[str]:
    """Locust's command line for a run of `scenario` against `host`."""
    command = [*_build_command(), "--host", host]
    for option in SHARED:
        command += option.spell(Namespace(**{**vars(options), "scenario": scenario}))
    for name in ("users", "spawn_rate", "run_time"):
        if value := getattr(options, name):
            command += [f"--{name.replace('_', '-')}", str(value)]
    if options.processes:
        # A port that the workers of no other load test look for.
        port = str(find_free_port(0))
        command += ["--processes", str(options.processes), "--master-bind-host", LOOPBACK]
        command += ["--master-bind-port", port, "--master-port", port]
    if options.master:
        command += ["--master", "--master-bind-port", str(options.master_port)]
        command += ["--expect-workers", str(options.expect_workers or 1)]
    if options.web:
        return [*command, "--web-host", options.web_host, "--web-port", str(options.web_port)]
    return [*command, "--headless", "--only-summary", "--calm"]


def _build_command() -> list[str]:
    return [*build_python_command(LAUNCHER), "--locustfile", str(LOCUSTFILE), "--loglevel", "WARNING"]
