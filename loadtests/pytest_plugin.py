"""A pytest plug-in: the fixture `load_test` runs a scenario and fails its test unless the verdict is pass.

    def test_the_service_holds(load_test):
        load_test("smoke", "http://127.0.0.1:8000", objectives=["p99 latency <= 80 ms"])

Runs are kept in the folder that `--loadtest-out` names, by default in the test's own temporary folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from loadtests.api import LoadTestResult


class LoadTestFixture(Protocol):
    """What the fixture `load_test` gives."""

    def __call__(
        self,
        scenario: str | Path | Mapping[str, Any],
        host: str | None = None,
        *,
        check: bool = True,
        **more: Any,
    ) -> LoadTestResult:
        """Run a scenario as `loadtests.api.run_scenario` does, with the same further arguments.

        Unless the verdict is pass, the test fails with its sentence and objectives; without `check` the
        verdict is left to the test.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("load tests").addoption(
        "--loadtest-out",
        metavar="DIR",
        help="where load tests keep their runs, a folder each (default: the test's temporary folder)",
    )


@pytest.fixture
def load_test(request: pytest.FixtureRequest) -> LoadTestFixture:
    """Run a scenario; the test fails unless the verdict is pass. Verdict and folder go into junit.xml."""
    from loadtests.api import LoadTestError, run_scenario  # imported only where a load test is asked for

    kept = request.config.getoption("--loadtest-out")
    out = Path(kept) if kept else request.getfixturevalue("tmp_path") / "load-tests"

    def run(
        scenario: str | Path | Mapping[str, Any],
        host: str | None = None,
        *,
        check: bool = True,
        **more: Any,
    ) -> LoadTestResult:
        problem = None
        try:
            result = run_scenario(scenario, host, **{"out": out, **more})
        except LoadTestError as error:
            problem = f"nothing was run: {error}"
        if problem is not None:  # outside the handler, so that the sentence is told once
            pytest.fail(problem, pytrace=False)
        # The fixture record_property would do the same, but warns under pytest's own default of junit_family.
        request.node.user_properties += [
            ("load_test_verdict", result.sentence),
            ("load_test_folder", str(result.folder)),
        ]
        if check and not result.passed:
            pytest.fail(result.describe(), pytrace=False)
        return result

    return run
