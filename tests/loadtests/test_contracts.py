"""What the suite reaches into in Locust and gevent is still there; each test names the place to mend."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import gevent
import locust.main
import pytest
from flask import Flask
from gevent import get_hub, getcurrent
from locust import LoadTestShape, User
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.html import get_html_report
from locust.runners import LocalRunner, MasterRunner, WorkerNode, WorkerRunner
from locust.stats import PERCENTILES_TO_REPORT, RequestStats, StatsCSV, StatsEntry
from locust.web import WebUI

from loadtests.cli.locust_logging import KNOWN


class Nobody(User):
    """A user class, for an environment needs one."""


@pytest.fixture
def environment() -> Environment:
    return Environment(user_classes=[Nobody])


def moved(place: str, what: str, package: str = "locust") -> str:
    """The sentence with which a test fails."""
    return f"{package} {version(package)} has moved {what}: see {place} and ARCHITECTURE.md, 'Reach-ins'"


def calls(function: Callable[..., Any], text: str) -> bool:
    return text in inspect.getsource(function)


@pytest.mark.parametrize("runner", [LocalRunner, MasterRunner])
def test_locust_ends_a_headless_run_by_the_runners_quit(runner: type) -> None:
    told = moved("loadtests/session/controller.py", "the call of runner.quit at the end of a run")
    assert callable(getattr(runner, "quit", None)), told
    assert calls(locust.main.main, "runner.quit()"), told


def test_a_shape_is_asked_until_it_answers_none_and_keeps_its_own_time() -> None:
    told = moved("shapes/locust_shape.py", "how a load shape is asked")
    for name in ("tick", "reset_time", "get_run_time"):
        assert callable(getattr(LoadTestShape, name, None)), told
    assert calls(LoadTestShape.get_run_time, "self.start_time"), told
    assert LoadTestShape.use_common_options is False, told
    assert calls(LocalRunner.start_shape, "shape_greenlet"), told


def test_locusts_runners_take_nothing_of_time_but_the_time() -> None:
    used = set(re.findall(r"\btime\.(\w+)\(", inspect.getsource(locust.runners)))
    assert used == {"time"}, moved("loadtests/session/steady_clock.py", "what its runners ask of a clock")
    assert "\nimport time\n" in inspect.getsource(locust.runners)


def test_locust_keeps_counts_of_each_second_and_snapshots_for_current_rates_and_charts_only() -> None:
    told = moved("loadtests/session/locust_memory.py", "what its statistics keep")
    source = inspect.getsource(locust.stats)
    for name in ("num_reqs_per_sec", "num_fail_per_sec"):
        assert vars(StatsEntry(RequestStats(), "one", "GET"))[name] == {}, told
        assert source.count(f"self.{name}.get(t, 0)") == 1, told
    for rate in (StatsEntry.current_rps, StatsEntry.current_fail_per_sec):
        assert rate.fget is not None, told
        assert "int(self.stats.last_request_timestamp) - 12" in inspect.getsource(rate.fget), told
    assert RequestStats().history == [], told
    assert calls(locust.stats.update_stats_history, "stats.history.append"), told


def test_a_worker_waits_for_the_stop_timeout_after_its_users_have_stopped() -> None:
    told = moved("loadtests/workers/worker.py", "where a worker sleeps after it has stopped")
    assert "stop_timeout" in inspect.getsource(WorkerRunner), told


def test_a_master_lists_its_workers_by_state() -> None:
    told = moved("loadtests/workers/master.py", "the lists of a master's workers")
    clients = MasterRunner.__init__.__globals__["WorkerNodes"]
    for name in ("ready", "spawning", "running", "get"):
        assert hasattr(clients, name), told
    assert {"id", "state"} <= vars(WorkerNode("one", "ready")).keys(), told


def test_the_web_ui_has_the_views_that_are_extended(environment: Environment) -> None:
    told = moved("loadtests/webui/install.py", "a view of the web UI")
    ui = WebUI(environment, "127.0.0.1", 0, delayed_start=True)
    assert isinstance(ui.app, Flask), told
    assert {"locust.swarm", "locust.request_stats", "locust.index"} <= ui.app.view_functions.keys(), told
    assert callable(ui.auth_required_if_enabled), told
    page = inspect.getsource(ui.update_template_args)
    assert '"state"' in page, told
    assert '"extra_options"' in page, told
    assert "template_args=self.template_args" in inspect.getsource(WebUI.__init__), told


def test_the_class_picker_sets_user_and_shape_classes_by_two_methods() -> None:
    told = moved("loadtests/webui/install.py", "how picked classes are taken")
    swarm = inspect.getsource(WebUI.__init__)
    for name in ("_update_user_classes", "_update_shape_class"):
        assert callable(getattr(WebUI, name, None)), told
        assert f"self.{name}(" in swarm, told


def test_options_may_have_an_environment_variable_and_stay_out_of_the_form() -> None:
    told = moved("loadtests/cli/options.py", "what an option may be declared with")
    parser = LocustArgumentParser(add_help=False)
    parser.add_argument("--one", env_var="ONE", include_in_web_ui=False)
    assert not any(getattr(each, "include_in_web_ui", True) for each in parser._actions), told


def test_warnings_about_what_is_meant_begin_as_they_did() -> None:
    source = inspect.getsource(locust.runners) + inspect.getsource(locust.main)
    for text in KNOWN:
        assert text in source, moved("loadtests/cli/locust_logging.py", f"the warning {text!r}")
    told = moved("loadtests/cli/locust_logging.py", "the names of its loggers")
    assert locust.runners.logger is logging.getLogger("locust.runners"), told
    assert locust.stats.console_logger is logging.getLogger("locust.stats_logger"), told
    assert "logging.getLogger(__name__)" in inspect.getsource(locust.main), told


def test_locusts_own_files_can_be_written(environment: Environment) -> None:
    told = moved("loadtests/session/locust_files.py", "its tables or its page")
    tables = StatsCSV(environment, PERCENTILES_TO_REPORT)
    for name in ("requests_csv", "failures_csv", "exceptions_csv"):
        assert callable(getattr(tables, name, None)), told
    assert "show_download_link" in inspect.signature(get_html_report).parameters, told


def test_the_event_loop_wakes_a_greenlet_by_a_callback_a_timer_and_a_watcher() -> None:
    """The HTTP client and the in-flight pool switch greenlets without gevent's waiting in between."""
    told = moved("loadtests/client/ and loadtests/traffic/open_model.py", "its loop's calls", "gevent")
    loop = get_hub().loop
    for name in ("run_callback", "timer", "io"):
        assert callable(getattr(loop, name, None)), told
    woken: list[str] = []
    loop.run_callback(woken.append, "callback")
    timer = loop.timer(0.001, 0.001)
    for name in ("again", "stop", "active"):
        assert hasattr(timer, name), told
    timer.again(getcurrent().switch)
    get_hub().switch()
    timer.stop()
    gevent.sleep(0)
    assert woken == ["callback"], told
