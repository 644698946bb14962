"""The dashboard is what @grafana/schema says a dashboard is, and what it doesn't say is told by tsc."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.grafana.dashboard import DASHBOARD_FILE

pytestmark = pytest.mark.real

CHECK = Path(__file__).parents[2] / "deploy" / "grafana" / "check"
FILES = ("package.json", "package-lock.json", "tsconfig.json", "schema.ts")


MISTAKES = {
    "value": ('"drawStyle": "line"', '"drawStyle": "lines"'),
    "option": ('"spanNulls": false', '"spanNull": false'),
    "missing": ('"orientation": "auto",', ""),
    "number": ('"graphTooltip": 1', '"graphTooltip": 7'),
    "query": ('"legendFormat": "users"', '"legend": "users"'),
    "override": ('"fill": "dash"', '"fill": "dashy"'),
    "annotation": ('"iconColor"', '"iconColour"'),
}


@pytest.fixture(scope="module")
def faults(
    require: Callable[..., None], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """What tsc finds wrong with the dashboard, and with a copy for each mistake, by name."""
    require("node", "npm")
    folder = tmp_path_factory.mktemp("check")
    for name in FILES:
        shutil.copy(CHECK / name, folder)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=240)
    if installed.returncode:
        sentence = f"npm can't install what deploy/grafana/check names:\n{installed.stderr}"
        if request.config.getoption("--no-skips"):
            pytest.fail(sentence)
        pytest.skip(sentence)

    right = DASHBOARD_FILE.read_text(encoding="utf-8")
    texts = {"right": right}
    for name, (before, after) in MISTAKES.items():
        assert before in right, name
        texts[name] = right.replace(before, after, 1)
    for name, text in texts.items():
        json.loads(text)
        source = "import type { LoadTestDashboard } from './schema';\n"
        (folder / f"{name}.ts").write_text(f"{source}export const dashboard: LoadTestDashboard = {text}")
    command = ["node", "node_modules/typescript/bin/tsc", "-p", "."]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240).stdout
    lines = [line for line in told.splitlines() if "error TS" in line]
    assert all(line.partition(".ts")[0] in texts for line in lines), told
    return {name: [line for line in lines if line.startswith(f"{name}.ts(")] for name in texts}


def test_the_dashboard_is_what_grafanas_types_ask_for(faults: dict[str, list[str]]) -> None:
    assert faults["right"] == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(faults: dict[str, list[str]], name: str) -> None:
    """In a panel's options, a query, an override, an annotation: none of them is a record of anything."""
    assert faults[name]


def test_the_check_names_exact_versions_and_no_registry() -> None:
    package = json.loads((CHECK / "package.json").read_text())
    lock = (CHECK / "package-lock.json").read_text()
    assert all(version[0].isdigit() for version in package["devDependencies"].values())
    assert "resolved" not in lock
    assert "://" not in lock
