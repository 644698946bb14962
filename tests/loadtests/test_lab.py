"""The load tests of docs/lab.md run to a verdict, as they are typed there, in a twentieth of the time."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.extended]

ROOT = Path(__file__).parents[2]
TYPED = re.findall(r"^(?:[A-Z_]+=\S+ )*make loadtest .*$", (ROOT / "docs/lab.md").read_text(), re.MULTILINE)
PREPARED = ".venv/.run-ready", "models/insurance_charges_model.skops"
"""What make would make first, and the tests have."""


def test_the_lab_has_its_load_tests() -> None:
    """`make compare-batch`, the other one, has tests of its own."""
    assert len(TYPED) == 7


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("command", TYPED)
def test_a_load_test_of_the_lab_is_judged(tmp_path: Path, command: str) -> None:
    """On a busy machine the verdict may be any."""
    old = " ".join(f"-o {path}" for path in PREPARED)
    done = subprocess.run(
        ["bash", "-c", f"{command} {old} TIME_SCALE=0.05 OUT={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    code = re.search(r"\(exit code (\d)\)", done.stdout)
    assert code, done.stdout + done.stderr
    assert code[1] in "013", done.stdout + done.stderr
    assert (tmp_path / "latest/report.html").exists()
