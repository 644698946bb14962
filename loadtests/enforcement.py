"""Wires Locust's events to the session of this process: objectives are enforced when the test stops."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import signal
import sys
from argparse import Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.web import WebUI

from configuration.errors import ConfigurationError
from configuration.scenario import Scenario
from loadtests.cli.adhoc import check_foreign
from loadtests.cli.exit_codes import INTERNAL, INVALID, USAGE, find_exit_code, say_exit_code
from loadtests.cli.listening import check_exposed_once, check_web_host
from loadtests.cli.locust_logging import quieten
from loadtests.cli.options import add_to_locust
from loadtests.cli.settings import Settings, disable_run_time, load_asked_scenario, read_options
from loadtests.client.reach import check_reach
from loadtests.client.readiness import NoAnswerError
from loadtests.client.target import read_headers
from loadtests.exposition.server import Exposition
from loadtests.monitoring.kubernetes import KubernetesMonitor
from loadtests.monitoring.plugins import PluginMonitor
from loadtests.preflight.asking import PreflightError, check_endpoints
from loadtests.preflight.plan import list_warnings
from loadtests.recording.run import RunRecording
from loadtests.recording.settings import FOLDER_FILE
from loadtests.recording.signals import ignore_stop_signals
from loadtests.session.controller import Controller
from loadtests.session.early_end import EarlyEnd
from loadtests.session.interruption import SignalStop, follow_parent
from loadtests.session.judging import VerdictJson
from loadtests.session.listeners import RunFollower
from loadtests.session.locust_memory import StatsTrimmer
from loadtests.session.progress import ProgressLine
from loadtests.session.readiness import await_service
from loadtests.session.slow_log import SlowLog
from loadtests.session.steady_clock import keep_locusts_clock_steady
from loadtests.traffic.session import attach_session, find_session
from loadtests.traffic.user_mix import list_own_classes
from loadtests.workers.worker import WorkerSession
from reports.data.folder import write_text
from reports.data.plugins import PluginError
from reports.rendering.streams import is_colorful, make_output_safe
from reports.rendering.terminal import format_verdict

logger = logging.getLogger(__name__)


@events.init_command_line_parser.add_listener
def on_init_command_line_parser(parser: Any, **_: Any) -> None:
    """Let Locust take the suite's options; what holds for a whole process begins here, before any fork."""
    add_to_locust(parser)
    make_output_safe()
    try:
        follow_parent()
    except ConfigurationError as error:
        _refuse(str(error))


@events.init.add_listener
def on_init(environment: Environment, web_ui: WebUI | None, **_: Any) -> None:
    """Make the session of this process; end it over something that the user can mend."""
    options = read_options(environment)
    quieten(options)
    keep_locusts_clock_steady()
    try:
        if isinstance(environment.runner, WorkerRunner):
            signal.signal(signal.SIGINT, signal.default_int_handler)
            worker = WorkerSession(environment, read_headers(), forked=bool(options.processes))
            attach_session(environment, worker)
        else:
            _prepare(environment, options, web_ui)
    except (ConfigurationError, NoAnswerError, PluginError, PreflightError, ValueError, OSError) as error:
        _refuse(str(error))
    except Exception:
        logger.exception("nothing was run: an error of this program")
        sys.exit(INTERNAL)


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(USAGE)


def _prepare(environment: Environment, options: Namespace, web_ui: WebUI | None) -> None:
    """Choose the scenario, and make sure that a run of it can be kept and sent, before any user waits."""
    settings = _read_settings(environment, options)
    controller = Controller(environment, settings, read_headers())
    attach_session(environment, controller)
    SignalStop(controller).install()
    scenario = load_asked_scenario(settings, web=web_ui is not None)
    if scenario.is_manual or scenario.load_override:
        disable_run_time(options)
    controller.choose(scenario)
    controller.require_room()
    if controller.host:
        controller.parse_target()
    check_exposed_once(web_ui is not None, settings.metrics_port)
    if web_ui is not None:
        check_web_host(options.web_host, bool(options.web_login), options.web_without_login)
    exposition = None
    if web_ui is not None or settings.metrics_port is not None:
        exposition = Exposition(controller)
        controller.listeners.append(exposition)
        if settings.metrics_port is not None:
            exposition.listen(settings.metrics_host, settings.metrics_port)
    if settings.kubernetes is not None:
        controller.listeners.append(RunFollower(KubernetesMonitor(settings.kubernetes).follow))
    for name in settings.monitors:
        controller.listeners.append(RunFollower(PluginMonitor(name).follow))
    if settings.calm:
        controller.listeners.append(ProgressLine())
    if settings.slow_ms is not None:
        controller.listeners.append(SlowLog(settings.slow_ms))
    controller.listeners.append(EarlyEnd(controller))
    controller.listeners.append(StatsTrimmer(environment.stats))
    if noted := os.environ.get(FOLDER_FILE):
        controller.listeners.append(RunFollower(partial(_note_folder, Path(noted))))
    if web_ui is None:
        if not controller.host:
            raise ValueError("no host to test; give one: --host http://127.0.0.1:8000")
        _check_service(controller, scenario, settings, options)
    if web_ui is None:
        controller.ask_at_rest()
    if web_ui is not None and exposition is not None:
        from loadtests.webui.install import install  # Flask and its kin are loaded for the web UI only

        install(controller, web_ui, exposition)


def _check_service(controller: Controller, asked: Scenario, settings: Settings, options: Namespace) -> None:
    """Make sure that the service is ready and answers as expected; tell what can't be in the plan.

    `asked` is the scenario without the load that options give it. What users of somebody's own locustfile
    send is not known before the load.
    """
    scenario, target = controller.scenario, controller.parse_target()
    check_reach(target, (*settings.allow_hosts, *scenario.allow_hosts))
    await_service(scenario, target)
    if settings.own_users:
        return
    check_foreign(asked, target)
    processes = None if options.master else max(1, options.processes or 1)
    for warning in list_warnings(scenario, processes, early_end=settings.stop_when_decided):
        sys.stderr.write(f"warning: {warning}\n")
    if settings.preflight:
        check_endpoints(scenario, target)


def _note_folder(file: Path, run: RunRecording) -> None:
    """Tell who started this process in code where the run is kept."""
    write_text(file, str(run.folder.absolute()))


def _read_settings(environment: Environment, options: Namespace) -> Settings:
    """The options, and what of it somebody's own locustfile decides: who sends, and what drives the load.

    Its user classes send if they are named, or if it holds no others.
    """
    available = (environment.available_user_classes or {}).values()
    own, shape = list_own_classes(available), environment.shape_class
    alone = len(own) == len(available)
    named = list_own_classes(environment.user_classes) if options.user_classes else []
    return replace(
        Settings.read(options),
        picks_users=bool(options.user_classes or options.class_picker or alone),
        own_users=bool(named or alone or (own and options.class_picker)),
        own_shape=None if shape is None else type(shape).__name__,
    )


@events.test_start.add_listener
def on_test_start(environment: Environment, **_: Any) -> None:
    """Begin a run."""
    session = find_session(environment)
    if session is None:
        return
    try:
        session.begin()
    except Exception as error:
        # Locust would go on with users that have nothing to send.
        logger.exception("the run could not begin")
        if isinstance(session, Controller):
            session.abandon(f"the run could not begin: {error}")


@events.test_stopping.add_listener
def on_test_stopping(environment: Environment, **_: Any) -> None:
    """Note that the load ends; replies may still come."""
    session = find_session(environment)
    if isinstance(session, Controller):
        session.stop_clock()


@events.test_stop.add_listener
def on_test_stop(environment: Environment, **_: Any) -> None:
    """Judge the run and write its report; on a worker, hand on its last rows."""
    if session := find_session(environment):
        session.finish()


@events.quitting.add_listener
def on_quitting(environment: Environment, **_: Any) -> None:
    """Complete what a signal left undone, then let the process exit with the verdict's code.

    Locust fires this before `test_stop` when it is interrupted, so the test is stopped here first.
    """
    session = find_session(environment)
    if session is None:
        return
    session.quit()
    if isinstance(session, WorkerSession) and session.lost_master:
        environment.process_exit_code = INVALID
    if not isinstance(session, Controller) or session.has_ended:
        return
    session.has_ended = True
    if session.run is not None:
        faulty = session.verdict is None and session.run.facts.faults
        code = environment.process_exit_code = INVALID if faulty else find_exit_code(session.verdict)
        if environment.web_ui is None and session.verdict is not None:
            _show(session.verdict, session.run.folder)
            if not session.settings.calm:  # Locust's own tables are still to come
                atexit.register(print, say_exit_code(code))
        if environment.web_ui is not None:
            print(f"the last run: {session.run.folder}", flush=True)
        for listener in session.listeners:
            listener.ending()
        ignore_stop_signals()
    elif environment.web_ui is None:
        environment.process_exit_code = INTERNAL


def _show(verdict: VerdictJson, folder: Path) -> None:
    """Print the verdict, its objectives and where the report is."""
    width = shutil.get_terminal_size().columns
    print(
        format_verdict(verdict, is_colorful(sys.stdout), width, report=str(folder / "report.html")),
        flush=True,
    )
