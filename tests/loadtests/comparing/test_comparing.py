"""Single against batch: the scenarios are fair, the figures are the folders', the page says what they say."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from configuration.loading import load_file, load_scenario
from configuration.scenario import Scenario
from loadtests.cli.child_process import ChildProcess
from loadtests.comparing.command import main
from loadtests.comparing.figures import ComparedRun, read_compared_run
from loadtests.comparing.forms import (
    EAGER_FORMS,
    STEADY_FORMS,
    Form,
    build_eager_scenario,
    build_steady_scenario,
)
from loadtests.comparing.page import explain_differences, format_batch_comparison
from loadtests.recording.recorder import Recorder
from loadtests.recording.row import OUTCOME_CODES, SampleRow
from loadtests.recording.writer import Observation, RunWriter
from reports.data.facts import Facts, Plan, Stage
from reports.data.folder import read_run

ROOT = Path(__file__).parents[3]
SECONDS = 10


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("steady")


@pytest.mark.parametrize("form", STEADY_FORMS, ids=lambda form: form.name)
def test_each_form_asks_for_as_many_rows_or_as_many_requests(scenario: Scenario, form: Form) -> None:
    """Otherwise it is the scenario itself: its stages, its objectives, its seeds, its pace."""
    made = build_steady_scenario(scenario, form)
    as_it_is = scenario.count_planned_requests(0, 120)
    planned = made.count_planned_requests(0, 120)
    assert as_it_is is not None
    assert planned is not None
    assert as_it_is in (pytest.approx(planned), pytest.approx(planned * form.rows))
    assert made.stages == scenario.stages
    assert (made.objectives, made.seeds) == (scenario.objectives, scenario.seeds)
    assert made.traffic.pace_s == scenario.traffic.pace_s


@pytest.mark.parametrize("form", EAGER_FORMS, ids=lambda form: form.name)
def test_eager_users_are_as_many_in_each_form_and_are_judged_alike(scenario: Scenario, form: Form) -> None:
    made = build_eager_scenario(scenario, form)
    assert made.full_profile == build_eager_scenario(scenario, EAGER_FORMS[0]).full_profile
    assert made.traffic.user_classes == {"eager": 1.0}
    assert made.objectives == scenario.objectives


@pytest.mark.parametrize("load", [build_steady_scenario, build_eager_scenario], ids=["steady", "eager"])
@pytest.mark.parametrize("form", dict.fromkeys((*STEADY_FORMS, *EAGER_FORMS)), ids=lambda form: form.name)
def test_the_files_that_are_written_read_back_as_what_is_compared(
    scenario: Scenario, load: Callable[[Scenario, Form], Scenario], form: Form, tmp_path: Path
) -> None:
    """A batch goes to the batch endpoint, as a list; a single record where the scenario sends it."""
    made = load(scenario, form)
    file = tmp_path / f"{made.name}.yaml"
    file.write_text(yaml.safe_dump(made.resolve(), sort_keys=False))
    read = load_file(file)
    assert read.resolve() == made.resolve()
    assert read.name == made.name
    (endpoint,) = read.traffic.endpoints
    assert (endpoint.payload.rows or 1) == form.rows
    assert endpoint.path.endswith("/prediction/batch" if form.rows > 1 else "/prediction")


def recorded(folder: Path, rows: int = 1, cpu_percent: float | None = 20.0) -> Path:
    """Ten seconds of ten requests a second after a second of warm-up: 1 to 100 ms, two 503 and one 504."""
    facts = Facts(
        scenario="steady",
        description="Made by a test.",
        model="closed",
        host="http://127.0.0.1:8000",
        started_at="2026-01-05T10:00:00Z",
        stages=(Stage("warm-up", 0, 1, judged=False), Stage("steady", 1, 1 + SECONDS)),
        objectives=("p95 latency <= 50 ms", "error rate < 1 %", "status 503 <= 0"),
        plan=Plan(requests=100.0),
        planned_s=1.0 + SECONDS,
    )
    folder.mkdir()
    recording = RunWriter(folder, facts)
    recorder = Recorder(["prediction"], lambda raw: recording.append(raw, ["prediction"], 0))
    for number in range(10 * (1 + SECONDS)):
        judged = number - 10
        status = {0: 503, 1: 503, 2: 504}.get(judged, 200)
        outcome = OUTCOME_CODES["ok" if status == 200 else "shed" if status == 503 else "http_5xx"]
        took_ms = 99.0 if judged < 0 else judged + 1.0
        told = (0.5, 0.2, 8.0) if status == 200 else ()
        recorder.record(
            SampleRow(number / 10, number / 10, took_ms, took_ms, 0, outcome, 0, status, rows, 9, 9, *told)
        )
    recorder.seal()
    for second in range(1 + SECONDS):
        observed = [Observation("generator", "loop_lag_ms", 1.0), Observation("service", "probed", 1.0)]
        recording.observe(second + 0.1, observed)
    if cpu_percent is not None:
        for second in range(1 + SECONDS):
            seen = 900.0 if second == 0 else cpu_percent
            recording.observe(second + 0.5, [Observation("service", "cpu_percent", seen)])
    recording.close(replace(facts, ended_s=1.0 + SECONDS))
    return folder


def test_a_column_is_what_the_folder_holds_of_what_is_judged(tmp_path: Path) -> None:
    """97 replies of ten rows in ten seconds at a fifth of a core; the warm-up is left out of everything."""
    made = read_compared_run("batch", 10, recorded(tmp_path / "run", rows=10))
    assert (made.figures.ok, made.figures.rows, made.refused, made.late) == (97, 970, 2, 1)
    assert made.figures.rows_per_s == pytest.approx(97)
    assert made.figures.p50_ms == 52.0
    assert made.row_p50_ms == pytest.approx(5.2)
    assert made.planned_rps == pytest.approx(10)
    assert made.cpu_s == pytest.approx(2.0)
    assert made.cpu_s_per_1000_rows == pytest.approx(2.0 / 0.97)
    assert made.cpu_us_per_request == pytest.approx(2e6 / 97)
    assert (made.call_ms, made.call_rows) == (pytest.approx(0.2), 8.0)
    assert made.targets == {"p95 latency": "<= 50 ms", "error rate": "< 1 %", "status 503": "<= 0"}
    assert made.verdict.verdict == "fail"


def test_a_service_that_was_not_observed_has_no_processor_time(tmp_path: Path) -> None:
    made = read_compared_run("single", 1, recorded(tmp_path / "run", cpu_percent=None))
    assert (made.cpu_s, made.cpu_s_per_1000_rows, made.cpu_us_per_request) == (None, None, None)


@pytest.fixture
def busy(tmp_path: Path) -> list[ComparedRun]:
    """Single, micro-batched, batch of ten: 97 requests cost 200, 60 and 150 µs each."""
    made = []
    for form, cost_us in zip(EAGER_FORMS, (200.0, 60.0, 150.0), strict=True):
        told = read_compared_run(form.title, form.rows, recorded(tmp_path / form.name, form.rows))
        made.append(replace(told, cpu_s=97 * cost_us / 1e6))
    return made


def test_the_page_has_targets_and_observed_values_of_each_run(busy: list[ComparedRun]) -> None:
    """Every figure of the table in its row, and a link to each run's own report."""
    text = format_batch_comparison(busy, busy, {"cores": "2"}, "2026-01-05", 0.1)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    cells = {row[0]: row[1:] for row in rows[:14]}
    assert cells["p95 latency"] == ["<= 50 ms", *["96 ms"] * 3]
    assert cells["503 (refused)"] == ["<= 0", "2", "2", "2"]
    assert cells["504 (too late)"] == ["–", "1", "1", "1"]
    assert cells["throughput, requests/s"] == ["as planned", *["9.7 of 10"] * 3]
    assert cells["rows/s"][1:] == ["9.7", "9.7", "97"]
    assert cells["verdict"][1:] == ["fail"] * 3
    assert all(f"({each.folder.name}/report.html)" in text for each in busy)
    assert "0.1 of their time" in text


def test_the_reasons_split_a_request_from_its_rows(busy: list[ComparedRun]) -> None:
    """60 µs for one row and 150 µs for ten: a row costs 10 µs, the request around it 50 µs, 83 %."""
    told = " ".join(explain_differences(busy))
    assert "200 µs" in told
    assert "10 µs for a row" in told
    assert "50 µs for the request around it: 83 %" in told
    assert "8 rows in 200 µs, 25 µs a row" in told
    assert "10 times the rows" in told


def test_reasons_that_the_figures_do_not_carry_are_left_out(busy: list[ComparedRun]) -> None:
    """A batch that cost less than one row, as noise may have it, splits into nothing; nor does silence."""
    single, micro, batch = busy
    assert "around it" not in " ".join(explain_differences([single, micro, replace(batch, cpu_s=97 * 50e-6)]))
    unseen = [replace(each, cpu_s=None, call_ms=None) for each in busy]
    assert "µs" not in " ".join(explain_differences(unseen))


def compare(out: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "loadtests.compare_batch", "--out", str(out), *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.usefixtures("model")
def test_the_real_services_are_compared(tmp_path: Path) -> None:
    """Seven runs, each with its own folder and report; the stock service's come from the stock service."""
    process = compare(tmp_path / "out", "--time-scale", "0.03")
    out, err = process.communicate(timeout=300)
    assert process.returncode in (0, 3), err
    assert (tmp_path / "out/comparison.md").read_text() in out
    linked = re.findall(r"\((\S+)/report\.html\)", out)
    assert len(set(linked)) == len(STEADY_FORMS) + len(EAGER_FORMS)
    runs = {name: read_run(tmp_path / "out" / name) for name in linked}
    for name, run in runs.items():
        assert len(run.samples), name
        timed = bool((run.samples.queue_ms >= 0).any())
        assert timed == ("single" not in name)
        rows = 10 if "-batch" in name and "micro" not in name else 1
        assert set(run.samples.rows.tolist()) == {rows}


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.usefixtures("model")
def test_an_interrupt_ends_the_run_and_the_comparison(tmp_path: Path) -> None:
    """The run that goes on ends in order, no further one begins, and no page is written."""
    process = compare(tmp_path / "out")
    assert process.stderr is not None
    for line in process.stderr:
        if "1 of 7" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "was interrupted" in err
    assert "2 of 7" not in err
    assert not (tmp_path / "out/comparison.md").exists()


def test_each_run_exposes_its_metrics_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first run is refused here, so that none is made."""
    commands: list[list[str]] = []

    def refuse(_: ChildProcess, command: list[str], _environment: dict[str, str]) -> tuple[int, str]:
        commands.append(command)
        return 2, "refused"

    monkeypatch.setattr(ChildProcess, "run", refuse)
    monkeypatch.setattr("loadtests.comparing.command.end_with_parent", lambda: None)
    assert main(["--out", str(tmp_path), "--metrics-port", "9646"]) == 2
    assert "refused" in capsys.readouterr().err
    (command,) = commands
    assert command[command.index("--metrics-port") + 1] == "9646"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--time-scale", "0"), "'0' is impossible"),
        (("--time-scale", "soon"), "'soon' is impossible"),
        (("--metrics-port", "0"), "0 is no port"),
        (("--out", "Makefile/runs"), "can't be kept in Makefile/runs"),
    ],
    ids=["zero", "no number", "no port", "a file in the way"],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    process = compare(tmp_path / "out", *words)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert told in err
    assert "Traceback" not in err


def test_the_table_in_the_readme_is_one_that_the_page_has(busy: list[ComparedRun]) -> None:
    """Its figures are those of a real run; its rows, its columns and its targets are today's."""
    steadily = [replace(busy[0], title=form.title, targets=_targets()) for form in STEADY_FORMS]
    made = _cells(format_batch_comparison(steadily, busy, {}, "2026-01-05", 1))
    shown = _cells((ROOT / "README.md").read_text(encoding="utf-8").partition("## Single against batch")[2])
    assert shown[0] == made[0]
    assert [row[:2] for row in shown[1:]] == [row[:2] for row in made[1 : len(shown)]]
    assert len(shown) == 13


def _targets() -> dict[str, str]:
    objectives = load_scenario("steady").objectives
    return {each.metric: f"{each.comparison} {each.limit_text}" for each in objectives}


def _cells(text: str) -> list[list[str]]:
    """The first table in a text."""
    lines = text[text.index("| ") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
