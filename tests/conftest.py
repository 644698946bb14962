"""What the tests share: real parts, demanded by name; a missing one skips, or fails under --no-skips."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same every time", settings.get_profile("explore"), derandomize=True)
settings.load_profile("same every time")

HERE = Path(__file__).parent
PACKAGES = {"ip": "iproute2", "node": "nodejs", "promtool": "prometheus", "unshare": "util-linux"}
"""Debian package of a command, where the two names differ."""

MLSERVER = ".venv-bench/mlserver/bin/mlserver"
INSTALLERS = {"kubectl": ".ci/kubectl", MLSERVER: "make .venv-bench/mlserver/.ready"}
"""What installs a command that Debian has no package of, or none new enough."""

EXTENDED = ("container", "deploy", "faults")
"""Folders whose tests are all extended. In other folders, files or tests carry the marker themselves."""

READ_BY_THE_SUITE = ("SCENARIO", "HOST", "OUT", "REST_CONFIG", "SERVICE", "DRAIN_NOTICE_S", "PORT", "WORKERS")
READ_BY_PREFIX = ("LOADTEST_", "LOCUST_", "OTEL_", "MAKE", "MFLAGS")
"""Environment variables that change what a load test, the service, Locust or make does."""

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a missing real part fails instead of skipping")


def pytest_configure() -> None:
    """Give all started processes the same environment, however pytest itself was started."""
    for name in list(os.environ):
        if name in READ_BY_THE_SUITE or name.startswith(READ_BY_PREFIX):
            del os.environ[name]
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, ("127.0.0.1,localhost", os.environ.get(name))))
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            # A background job of a script ignores SIGINT and SIGQUIT, what nohup starts SIGHUP, and so would
            # their children. A handler is not inherited.
            signal.signal(number, lambda *_: None)


class Scheduling(LoadFileScheduling):
    """Where processes share the tests, one takes all of a file, and one all that share a container image."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "tests/container" if file.startswith("tests/container/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """What takes long begins early: the order stays that of `pytest_collection_modifyitems`."""
    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the extended folders; run files with real processes first if several processes share the tests."""
    for item in items:
        if item.path.relative_to(HERE).parts[0] in EXTENDED:
            item.add_marker("extended")
    if hasattr(config, "workerinput"):
        real = {item.path for item in items if item.get_closest_marker("real")}
        items.sort(key=lambda item: item.path not in real)


@pytest.fixture(scope="session")
def require(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Call with command names: the test skips, saying what to install, unless all are on the machine."""

    def check(*commands: str) -> None:
        missing = [command for command in commands if shutil.which(command) is None]
        if not missing:
            return
        packages = [PACKAGES.get(command, command) for command in missing if command not in INSTALLERS]
        ways = [f"apt-get install {' '.join(packages)}"] if packages else []
        ways += [INSTALLERS[command] for command in missing if command in INSTALLERS]
        sentence = f"needs {', '.join(missing)}: {' && '.join(ways)}"
        if request.config.getoption("--no-skips"):
            pytest.fail(sentence)
        pytest.skip(sentence)

    return check


@pytest.fixture(scope="module")
def browser(require: Callable[..., None]) -> Iterator[Any]:
    """Debian's Chromium, headless, driven by Playwright, whose event loop runs until the module's end."""
    require("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS
        )
        yield chromium
        chromium.close()
