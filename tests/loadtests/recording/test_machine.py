"""The facts of a run name the generator's machine, on every system."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from loadtests.recording import facts


def test_the_processor_is_named_as_the_kernel_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Of a kind\nprocessor\t: 1\nmodel name\t: Of a kind\n")
    monkeypatch.setattr(facts, "CPU_INFO", file)
    assert facts.describe_machine()["processor"] == "Of a kind"


def test_elsewhere_it_is_named_as_python_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "CPU_INFO", tmp_path / "missing")
    assert facts.describe_machine()["processor"] == (platform.processor() or platform.machine())
