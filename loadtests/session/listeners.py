"""Objectives are enforced when the test stops: Locust's events are wired here to the load test."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import gevent
from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner

from configuration.errors import ConfigurationError
from loadtests.cli.logging import quieten
from loadtests.cli.metrics_options import check_told_once
from loadtests.cli.options import add_arguments, as_options, chosen_scenario
from loadtests.client.target import NoAnswerError, Target, wait_until_ready
from loadtests.exposition.server import Exposition
from loadtests.monitoring.kubernetes import Cluster
from loadtests.session.controller import LoadTest
from loadtests.session.judging import INVALID, USAGE, Verdict, exit_code, last_line
from loadtests.session.progress import ProgressLine
from reports.rendering.terminal import format_verdict

logger = logging.getLogger(__name__)


def loadtest_of(environment: Environment) -> LoadTest | None:
    """The environment's load test; None before `init` and on a Locust of another kind."""
    loadtest = getattr(environment, "loadtest", None)
    return loadtest if isinstance(loadtest, LoadTest) else None


def refuse(message: str) -> NoReturn:
    """End the process over something the user can mend."""
    sys.stderr.write(f"{message}\n")
    sys.exit(USAGE)


def show(verdict: Verdict, folder: Path) -> None:
    """Print the verdict, its objectives and where the report lies."""
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size().columns
    print(format_verdict(verdict, color, width, report=str(folder / "report.html")), flush=True)


@events.init_command_line_parser.add_listener
def on_arguments(parser: Any, **_: Any) -> None:
    """Let Locust take the suite's arguments."""
    add_arguments(parser)


@events.init.add_listener
def on_init(environment: Environment, runner: Any, web_ui: Any, **_: Any) -> None:
    """Choose the scenario and make sure, before any user waits, that a run of it can be kept and aimed."""
    options = as_options(environment)
    quieten(options)
    try:
        loadtest = LoadTest(environment)
        environment.loadtest = loadtest  # type: ignore[attr-defined]
        if isinstance(runner, WorkerRunner):
            return
        loadtest.choose(chosen_scenario(options, web=web_ui is not None))
        loadtest.prepare_folder()
        if loadtest.host:
            Target.parse(loadtest.host)
        expose(loadtest, web_ui)
        if options.kubernetes is not None:
            loadtest.on_begin.append(Cluster(options.kubernetes).follow)
        if web_ui is None:
            require_target(loadtest)
    except (ConfigurationError, NoAnswerError, ValueError, OSError) as error:
        refuse(str(error))
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, on_signal, environment, number)
    if web_ui is not None:
        from loadtests.webui import install

        install.install(loadtest, web_ui)


def expose(loadtest: LoadTest, web_ui: Any) -> None:
    """Tell Prometheus of the load test, in the web UI or where the options say; OSError where that fails."""
    check_told_once(loadtest.options, web_ui is not None)
    port = loadtest.options.metrics_port
    if web_ui is None and port is None:
        return
    loadtest.exposition = Exposition(loadtest)
    if port is not None:
        loadtest.exposition.listen(loadtest.options.metrics_host, port)


def require_target(loadtest: LoadTest) -> None:
    """NoAnswerError or ValueError unless there is a service to aim at."""
    if not loadtest.host:
        raise ValueError("no host to test; give one: --host http://127.0.0.1:8000")
    wait_until_ready(loadtest.host, loadtest.headers)


def on_signal(environment: Environment, number: int) -> None:
    """Stop the test, so that it is judged and written; a second signal ends the process at once."""
    loadtest = loadtest_of(environment)
    if loadtest is None or loadtest.interrupted is not None:
        os._exit(INVALID)
    loadtest.interrupted = signal.Signals(number).name
    if loadtest.exposition is not None:
        loadtest.exposition.leave()
    if loadtest.run is None and environment.web_ui is None:
        loadtest.runner.quit()
        sys.stderr.write("stopped before the load test began\n")
        os._exit(INVALID)
    loadtest.stop()
    loadtest.runner.quit()
    if environment.web_ui is not None:
        environment.web_ui.stop()


@events.test_start.add_listener
def on_test_start(environment: Environment, **_: Any) -> None:
    """Open the run's folder and start its clock."""
    if (loadtest := loadtest_of(environment)) is None:
        return
    try:
        loadtest.begin()
    except Exception as error:
        # Locust would go on with users that have nothing to send.
        logger.exception("the run could not begin")
        if loadtest.run is not None:
            loadtest.run.fault(f"the run could not begin: {error}")
        gevent.spawn(loadtest.give_up)
        return
    if loadtest.options.calm and loadtest.run is not None:
        loadtest.progress = ProgressLine(loadtest.run)


@events.test_stopping.add_listener
def on_test_stopping(environment: Environment, **_: Any) -> None:
    """The load ends; replies may still come."""
    if loadtest := loadtest_of(environment):
        loadtest.stop_clock()
        if loadtest.progress is not None:
            loadtest.progress.stop()


@events.test_stop.add_listener
def on_test_stop(environment: Environment, **_: Any) -> None:
    """Judge the run and write its report."""
    if loadtest := loadtest_of(environment):
        loadtest.finish()


@events.quitting.add_listener
def on_quitting(environment: Environment, **_: Any) -> None:
    """Complete what a signal left undone, then let the process exit with the verdict's code.

    Locust fires this before `test_stop` when it is interrupted, so the test is stopped here first.
    """
    loadtest = loadtest_of(environment)
    if loadtest is None:
        return
    loadtest.stop()
    if isinstance(environment.runner, WorkerRunner):
        return
    loadtest.runner.quit()
    loadtest.finish()
    if loadtest.run is not None:
        faulty = loadtest.verdict is None and loadtest.run.facts.faults
        environment.process_exit_code = INVALID if faulty else exit_code(loadtest.verdict)
        if environment.web_ui is None and loadtest.verdict is not None:
            show(loadtest.verdict, loadtest.run.folder)
            if not loadtest.options.calm:  # Locust's own tables are still to come
                atexit.register(print, last_line(environment.process_exit_code))
        if loadtest.exposition is not None and loadtest.verdict is not None and not loadtest.interrupted:
            loadtest.exposition.await_scrape(loadtest.options.metrics_linger)
