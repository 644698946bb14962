"""The command `model-loadtest`: its first word says what to do, and each refusal is exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from loadtests.cli import service_folder
from loadtests.cli.main import ELSEWHERE, LOAD_TESTS, REPORTS, find_version, main
from loadtests.cli.own_service import OwnService, ServiceError
from loadtests.name_clashes import find_clashes, require_own_packages

ROOT = Path(__file__).parents[3]


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert find_version() == stated
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"model-load-tests {stated}\n"


@pytest.mark.parametrize("words", [(), ("ruin",), ("show", "a", "b"), ("run", "--scenari"), ("check",)])
def test_what_is_no_command_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_help_tells_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert [word for word in (*LOAD_TESTS, *REPORTS, *ELSEWHERE) if f"\n  {word} " not in said] == []


def test_a_scenario_is_checked_and_found_in_the_folder_scenarios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scenario of one's own comes before one of the suite with the same name; others are still there."""
    monkeypatch.chdir(tmp_path)
    assert main(["check", "smoke"]) == 0
    assert "mine" not in capsys.readouterr().out
    (tmp_path / "scenarios").mkdir()
    text = "description: it is mine\nload: {users: [{constant: 2, for: 3s}]}\nobjectives: [errors <= 0]\n"
    (tmp_path / "scenarios" / "smoke.yaml").write_text(text.replace("errors <= 0", "p99 latency <= 5 s"))
    (tmp_path / "scenarios" / "broken.yaml").write_text("description: x\n")
    assert main(["check", "smoke"]) == 0
    assert "it is mine" in capsys.readouterr().out
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert "it is mine" in said
    assert "staged" in said
    assert "is no scenario: --check broken says why" in said


def test_a_run_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


def test_other_commands_are_imported_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    module = SimpleNamespace(main=lambda *words: asked.append(words) or 7)
    monkeypatch.setitem(sys.modules, ELSEWHERE["init"][0], module)
    assert main(["init", "http://127.0.0.1:9000"]) == 7
    assert asked == [(["http://127.0.0.1:9000"], "model-loadtest")]


def test_the_suites_own_service_without_its_packages_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_folder, "find_spec", lambda name: None if name == "sklearn" else object())
    with pytest.raises(ServiceError, match=r"\(scikit-learn\): pip install 'model-load-tests\[service\]'"):
        OwnService().__enter__()


def test_a_module_that_hides_one_of_ours_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_clashes() == {}
    other = tmp_path / "reports" / "__init__.py"
    clashing = SimpleNamespace(origin=str(other))
    monkeypatch.setattr("loadtests.name_clashes.find_spec", lambda _: clashing)
    assert find_clashes(("reports",)) == {"reports": other}
    monkeypatch.delitem(sys.modules, "locust.main", raising=False)
    with pytest.raises(ImportError, match="hides this suite's package 'reports'"):
        require_own_packages()


@pytest.mark.parametrize(("word", "told"), [("check", "scenario"), ("list", "print the scenarios")])
def test_each_command_tells_its_own_options(word: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([word, "--help"])
    said = capsys.readouterr().out.lower()
    assert ended.value.code == 0
    assert said.startswith(f"usage: model-loadtest {word}")
    assert told in said


@pytest.mark.parametrize("words", [["--list"], ["--check", "smoke"]])
def test_a_reader_who_has_gone_changes_no_exit_code(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "loadtests", *words]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=300)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
