"""Two versions in turns: their order, what is repeated, what a stop leaves, what is refused; real rounds."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtests.cli.child_process import ChildProcess
from loadtests.comparing.turns import TurnRunner, TurnsError, draw_orders, main
from loadtests.comparing.versions import ServiceVersion
from loadtests.recording.settings import FOLDER_FILE

URLS = (ServiceVersion("http://127.0.0.1:1", "url"), ServiceVersion("http://127.0.0.1:2", "url"))


class ScriptedRuns(ChildProcess):
    """In place of load tests: each ends with the next code, or is stopped by a signal (None)."""

    def __init__(self, *codes: int | None) -> None:
        super().__init__()
        self.codes = list(codes)
        self.commands: list[list[str]] = []

    def run(self, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
        self.commands.append(command)
        code = self.codes.pop(0) if self.codes else 0
        if code is None:
            self.stopped = True
            return 3, ""
        if code in (0, 1, 3):
            folder = Path(command[command.index("--out") + 1]) / f"run-{len(self.commands)}"
            Path(environment[FOLDER_FILE]).write_text(str(folder))
        return code, f"said by run {len(self.commands)}"


def make_runner(tmp_path: Path, child: ChildProcess) -> TurnRunner:
    return TurnRunner(URLS, ("smoke", "smoke"), ["--time-scale", "0.5"], tmp_path, child)


def test_orders_are_balanced_drawn_and_repeatable() -> None:
    orders = list(draw_orders(50, seed=3))
    assert orders == list(draw_orders(50, seed=3))
    assert {*orders} == {"abba", "baab"}
    assert orders != list(draw_orders(50, seed=4))


def test_a_round_runs_both_twice_with_the_same_words(tmp_path: Path) -> None:
    child = ScriptedRuns()
    make_runner(tmp_path, child).run_round(1, "baab")
    hosts = [command[command.index("--host") + 1][-1] for command in child.commands]
    assert hosts == ["2", "1", "1", "2"]
    words = {
        tuple(command[command.index("--scenario") : command.index("--out")]) for command in child.commands
    }
    assert words == {("--scenario", "smoke", "--time-scale", "0.5")}
    told = json.loads((tmp_path / "rounds.json").read_text())
    assert told["baseline"]["runs"] == [{"round": 1, "run": "a/run-2"}, {"round": 1, "run": "a/run-3"}]


def test_an_invalid_run_is_repeated_once(tmp_path: Path) -> None:
    child = ScriptedRuns(3, 0, 1)
    runner = make_runner(tmp_path, child)
    assert runner.run_round(1, "abba")
    assert len(child.commands) == 5
    assert [run.name for _, _, run in runner.made] == ["run-2", "run-3", "run-4", "run-5"]


def test_a_round_ends_with_a_run_that_stays_invalid(tmp_path: Path) -> None:
    child = ScriptedRuns(0, 3, 3)
    runner = make_runner(tmp_path, child)
    assert not runner.run_round(1, "abba")
    assert len(child.commands) == 3
    assert [run.name for _, _, run in runner.made] == ["run-1", "run-3"]


def test_each_side_may_have_a_scenario_of_its_own(tmp_path: Path) -> None:
    child = ScriptedRuns()
    TurnRunner(URLS, ("one", "other"), [], tmp_path, child).run_round(1, "abba")
    told = [command[command.index("--scenario") + 1] for command in child.commands]
    assert told == ["one", "other", "other", "one"]
    names = json.loads((tmp_path / "rounds.json").read_text())
    assert names["candidate"]["name"] == "b, http://127.0.0.1:2, other"


@pytest.mark.parametrize("code", [2, 4])
def test_a_run_without_a_verdict_ends_it_all_with_its_words(tmp_path: Path, code: int) -> None:
    with pytest.raises(TurnsError, match=rf"http://127.0.0.1:1 ended with {code}:\nsaid by run 1") as ended:
        make_runner(tmp_path, ScriptedRuns(code)).run_round(1, "abba")
    assert ended.value.code == code


def test_a_stopped_round_is_not_kept(tmp_path: Path) -> None:
    runner = make_runner(tmp_path, ScriptedRuns(0, 0, 0, 0, 0, None))
    runner.run_round(1, "abba")
    with pytest.raises(TurnsError):
        runner.run_round(2, "abba")
    told = json.loads((tmp_path / "rounds.json").read_text())
    assert {run["round"] for side in told.values() for run in side["runs"]} == {1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--a", "nowhere", "--b", "http://h"], "'nowhere' is no URL, no file, and no command with {port}"),
        (["--a", "serve '{port}", "--b", "http://h"], "can't be read: No closing quotation"),
        (["--a", "{port}", "--b", "http://h"], "'{port}' begins with no program"),
        (["--a", "http://u:p@h", "--b", "http://h"], "credentials"),
        (["--a", "http://h"], "required: --b"),
        (["--a", "http://h", "--b", "http://h", "--rounds", "1"], "give at least 2"),
        (["--a", "http://h", "--b", "http://h", "--host", "http://h"], "--host has no place in rounds"),
        (["--a", "http://h", "--b", "http://h", "--web"], "--web has no place in rounds"),
    ],
)
def test_what_can_not_run_in_turns_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_an_unknown_scenario_and_a_full_folder_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--a", "http://127.0.0.1:1", "--b", "http://127.0.0.1:1"]
    assert main([*both, "--scenario", "smook", "--out", str(tmp_path / "new")]) == 2
    assert "smoke" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([*both, "--scenario", "smoke", "--out", str(tmp_path)]) == 2
    assert "holds something already" in capsys.readouterr().err


@pytest.mark.real
@pytest.mark.extended
def test_two_equal_services_are_compared_and_get_the_same_payloads(
    start: Callable[..., Any], obedient: Any, scenario_file: Callable[..., str]
) -> None:
    """Eight runs of a second; the verdict is open on a busy machine, but its blocks are the rounds."""
    file = scenario_file(load="{rate: [{constant: 30/s, for: 1s}]}", objectives="[error rate <= 100 %]")
    both = ["--a", obedient.host, "--b", obedient.host, "--scenario", file, "--rounds", "2"]
    suite = start("loadtests", "ab", *both, "--error-margin", "5").wait()
    assert suite.code in (0, 1), suite.said
    told = json.loads((suite.out / "comparison.json").read_text())
    assert told["blocks"] == "rounds"
    assert told["baseline"]["rounds"] == told["candidate"]["rounds"] == [1, 1, 2, 2]
    assert told["reasons"] == []
    counts = Counter(map(json.dumps, obedient.bodies))
    assert set(counts.values()) <= {8, 16, 24}, "each of the eight runs sends the same"
    again = start("reports", "compare", str(suite.out), "--error-margin", "5").wait()
    assert again.code == suite.code


@pytest.mark.real
@pytest.mark.extended
def test_ctrl_c_ends_the_run_and_says_what_is_left(
    start: Callable[..., Any], obedient: Any, scenario_file: Callable[..., str]
) -> None:
    file = scenario_file(load="{rate: [{constant: 30/s, for: 60s}]}")
    suite = start("loadtests", "ab", "--a", obedient.host, "--b", obedient.host, "--scenario", file)
    suite.until_requests(obedient, 20)
    suite.process.send_signal(signal.SIGINT)
    assert suite.wait().code == 3
    assert "Stopped in round 1; nothing can be compared before 2 rounds are whole." in suite.stderr
