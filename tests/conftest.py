"""What the tests share: real parts, demanded by name; a missing one skips, or fails under --no-skips."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

PACKAGES = {"node": "nodejs", "promtool": "prometheus"}
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the tests, one takes all of a file, or of a folder with an image in common."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        together = item.path.parent if item.path.parent.name == "container" else item.path
        item.add_marker(pytest.mark.xdist_group(str(together)))
    real = {item.path for item in items if item.get_closest_marker("real")}
    items.sort(key=lambda item: item.path not in real)  # what takes long begins early


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
