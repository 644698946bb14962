"""What an image is made of is told in full, in CycloneDX, and always in the same words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "sbom.py"


def run() -> str:
    return subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def text() -> str:
    return run()


@pytest.fixture(scope="module")
def told(text: str) -> dict[str, Any]:
    return json.loads(text)


def test_it_is_cyclonedx(told: dict[str, Any]) -> None:
    """What the schema of version 1.6 asks of each field that is used."""
    assert (told["bomFormat"], told["specVersion"], told["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", told["serialNumber"])
    references = [each["bom-ref"] for each in told["components"]]
    assert references == sorted(set(references))
    for each in told["components"]:
        assert each["type"] in ("library", "platform")
        assert each["purl"].startswith(("pkg:pypi/", "pkg:deb/debian/", "pkg:generic/python@"))
        assert each["name"]
        assert each["version"]


def test_every_installed_package_is_in_it(told: dict[str, Any]) -> None:
    names = {each["name"] for each in told["components"]}
    installed = {re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower() for each in distributions()}
    assert {"locust", "numpy", "pyarrow"} <= installed <= names
    assert "python" in names


def test_the_same_environment_gives_the_same_text(text: str) -> None:
    assert run() == text


def test_debians_packages_are_told_and_those_removed_are_not(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text(
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u1\n"
        "Description: the library\n more of it\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n"
    )
    script = (
        "import json, pathlib, runpy, sys; "
        "told = runpy.run_path(sys.argv[1])['describe_environment'](pathlib.Path(sys.argv[2])); "
        "print(json.dumps([each['purl'] for each in told['components'] if 'deb' in each['purl']]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, SCRIPT, status], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64"]


def test_both_images_hold_theirs() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    made = re.findall(r"^ +/opt/venv/bin/python sbom\.py > /opt/venv/sbom\.cdx\.json$", recipe, re.MULTILINE)
    assert len(made) == 2, "one for each set of packages"
    assert "!deploy/sbom.py" in (ROOT / ".dockerignore").read_text(encoding="utf-8")
