"""What the web UI says of a run, from hand-built states."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.recording.live import Standing
from loadtests.webui.verdict import FinishedRun, describe_status, find_page_state, list_objectives
from reports.objectives.parsing import parse_objective


def loadtest(phase: str, standings: Any = (), verdict: Any = None, state: str = "running") -> Any:
    """As much of a load test as the web UI looks at."""
    live = SimpleNamespace(list_standings=lambda _: iter(standings))
    run = None if phase == "idle" else SimpleNamespace(live=live, elapsed_s=1.0, folder=Path("out/smoke-1"))
    return SimpleNamespace(phase=phase, run=run, verdict=verdict, runner=SimpleNamespace(state=state))


@pytest.mark.parametrize(
    ("sentence", "observed", "kept", "figure", "outcome"),
    [
        ("p99 latency <= 100 ms", 8.371, True, "≈ 8.37 ms", "kept so far"),
        ("p99 latency <= 100 ms", 100.04, False, "≈ 100.04 ms", "missed so far"),
        ("throughput >= 5 requests/s", 3.0, False, "≈ 3 requests/s", "not reached yet"),
        ("availability >= 99.9 %", None, None, "–", "known after the run"),
    ],
)
def test_while_the_run_is_running_figures_are_approximate_and_nothing_is_final(
    sentence: str, observed: float | None, kept: bool | None, figure: str, outcome: str
) -> None:
    """A figure too near the limit to be told from it is told more precisely."""
    objective = parse_objective(sentence)
    [row] = list_objectives(loadtest("running", [Standing(objective, observed, kept)]))
    assert row == {
        "name": "0000",
        "objective": sentence,
        "observed": figure,
        "limit": objective.limit_text,
        "outcome": outcome,
        "why": "only the whole run tells"
        if kept is None
        else "a live estimate; the verdict is computed from all requests",
    }


def judged(text: str, observed: float | None, outcome: str, message: str = "because") -> dict[str, Any]:
    """An objective as verdict.json holds it."""
    objective = parse_objective(text)
    figures = {"observed": observed, "limit": objective.stated, "unit": objective.unit}
    return {"text": text, **figures, "outcome": outcome, "message": message}


def test_after_the_run_the_judged_figures_stand_there_with_each_objective_in_words() -> None:
    """Rows keep the scenario's order, by which Locust's page sorts them through `name`."""
    objectives = [
        judged("p99 latency <= 100 ms", 104.9, "missed"),
        judged("error rate <= 0.1 %", 0.0, "unproven"),
        judged("error rate <= 1 %", 0.0, "met"),
        judged("max latency <= 1 s", None, "missed"),
    ]
    shown = list_objectives(loadtest("done", verdict={"objectives": objectives}))
    assert [(row["name"], row["observed"], row["limit"], row["outcome"], row["why"]) for row in shown] == [
        ("0000", "105 ms", "100 ms", "✗ missed", "because"),
        ("0001", "0 %", "0.1 %", "? unproven", "because"),
        ("0002", "0 %", "1 %", "✓ met", "because"),
        ("0003", "–", "1 s", "✗ missed", "because"),
    ]


def test_no_run_has_no_rows() -> None:
    """Before the first start the tab is empty."""
    assert list_objectives(loadtest("idle")) == []


@pytest.mark.parametrize(
    ("phase", "state", "shown"),
    [
        ("idle", "ready", "ready"),
        ("running", "ready", "running"),
        ("running", "spawning", "spawning"),
        ("running", "cleanup", "running"),
        ("judging", "stopped", "running"),
        ("done", "stopped", "stopped"),
    ],
)
def test_the_page_asks_on_until_the_verdict_is_there(phase: str, state: str, shown: str) -> None:
    """Locust's page asks for news while the state is running or spawning, so it is until the judging ends."""
    assert find_page_state(loadtest(phase, state=state)) == shown


def finished(folder: Path, word: str | None, report: bool = True) -> FinishedRun:
    """A run that is over, with its report on disk where it has one."""
    folder.mkdir()
    if report:
        (folder / "report.html").write_text("<!doctype html>")
    return FinishedRun(folder, None if word is None else {"verdict": word, "sentence": f"It is a {word}."})


def test_the_bar_tells_the_last_run_and_links_it_and_those_before(tmp_path: Path) -> None:
    """The last run in a sentence; earlier ones, the newest first, each with its report where there is one."""
    runs = [
        finished(tmp_path / "first", "fail"),
        finished(tmp_path / "second", "invalid", report=False),
        finished(tmp_path / "third", "pass"),
    ]
    shown = describe_status(loadtest("done"), runs, "")
    assert (shown["run"], shown["word"], shown["sentence"]) == ("third", "pass", "It is a pass.")
    assert shown["report"] == "./runs/third/report"
    assert shown["earlier"] == [
        {"run": "second", "word": "invalid", "report": ""},
        {"run": "first", "word": "fail", "report": "./runs/first/report"},
    ]


def test_while_the_run_is_judged_the_bar_says_so(tmp_path: Path) -> None:
    shown = describe_status(loadtest("judging"), [finished(tmp_path / "first", "fail")], "")
    assert (shown["run"], shown["word"], shown["report"]) == ("smoke-1", "", "")
    assert shown["sentence"] == "The load has ended; the run is being judged."
    assert [run["run"] for run in shown["earlier"]] == ["first"]


def test_a_run_that_could_not_be_judged_says_where_its_samples_are(tmp_path: Path) -> None:
    """Without a verdict there is no word, and what was recorded is not lost."""
    shown = describe_status(loadtest("done"), [finished(tmp_path / "broken", None, report=False)], "")
    assert shown["word"] == shown["report"] == ""
    assert str(tmp_path / "broken") in shown["sentence"]
