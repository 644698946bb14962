"""`make audit` tells vulnerabilities, that there are none, or that nobody could look: never a false calm."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ("requirements.txt", "requirements-audit.txt")
WRITING = 'while [ "$1" != --output ]; do shift; done; echo "jinja2 1.0 CVE-1" > "$2"; exit 1'


def audit(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """The audit with a stand-in for Python, which gets the words of pip-audit's command line."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    return subprocess.run(
        [ROOT / ".ci/audit", python, *FILES], capture_output=True, text=True, timeout=240, check=False
    )


def test_nothing_found_is_said_of_each_file(tmp_path: Path) -> None:
    done = audit(tmp_path, f'echo "$*" >> {tmp_path}/asked')
    assert (done.returncode, done.stdout) == (0, f"No known vulnerability in {' '.join(FILES)}.\n")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [file for file, words in zip(FILES, asked, strict=True) if file not in words] == []
    assert all("--strict" in words for words in asked), "a package that is skipped isn't one without faults"


def test_what_is_found_is_shown(tmp_path: Path) -> None:
    done = audit(tmp_path, WRITING)
    assert done.returncode == 1
    assert "requirements.txt:\njinja2 1.0 CVE-1" in done.stdout
    assert "No known" not in done.stdout


def test_where_nobody_could_look_the_age_of_each_pin_is_told(tmp_path: Path) -> None:
    done = audit(tmp_path, "echo 'ERROR: connection refused' >&2; exit 1")
    assert done.returncode == 2
    assert done.stderr.count("could not be looked up: ERROR: connection refused") == len(FILES)
    pins = [line.split() for line in done.stdout.splitlines()[1:]]
    assert pins == sorted(pins)
    assert {file for _, _, file in pins} == set(FILES)
    assert sum("locust==" in pin for _, pin, _ in pins) == 1
    assert len(pins) > 50
