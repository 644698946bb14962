"""What the tests share: real parts, demanded by name; a missing one skips, or fails under --no-skips."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

PACKAGES = {"ip": "iproute2", "node": "nodejs", "promtool": "prometheus", "unshare": "util-linux"}
"""Debian package of a command, where the two names differ."""

INSTALLERS = {"kubectl": ".ci/kubectl"}
"""What installs a command that Debian has no package of, or none new enough."""

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files that drive real processes come first where processes share the tests."""
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
