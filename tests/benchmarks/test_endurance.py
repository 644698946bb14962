"""A long run: what grows is found, what is steady is not blamed, and a short one works from end to end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.endurance import __main__ as endurance
from benchmarks.endurance.__main__ import main
from benchmarks.endurance.page import render_page
from benchmarks.endurance.results import EnduranceResults, ProcessSeries

FACTS = {"date": "2026-11-22", "processor": "a processor", "cores": "2", "commit": "abc"}
HOUR_S = 3600


def make_process(growth_mib: float, growth_descriptors: float = 0.0, noise_mib: float = 0.5) -> ProcessSeries:
    """An hour of a process that starts within ten minutes and then grows by so much an hour."""
    t_s = np.arange(5, HOUR_S, 5.0)
    start = 100 * np.minimum(t_s / 500, 1)
    memory = start + growth_mib * t_s / HOUR_S + np.random.default_rng(1).normal(0, noise_mib, len(t_s))
    descriptors = 20 + np.floor(growth_descriptors * t_s / HOUR_S)
    return ProcessSeries("service: service", list(t_s), list(memory), list(descriptors))


def make_results(process: ProcessSeries) -> EnduranceResults:
    outcomes = {"ok": 8, "timeout": 2}
    return EnduranceResults(FACTS, HOUR_S, 500, 10, 2, 10, outcomes, 0.1, 0, "Passed.", {}, (), [process])


@pytest.mark.parametrize(
    ("process", "words"),
    [
        pytest.param(make_process(0), ["flat", "flat"], id="steady after its start"),
        pytest.param(make_process(-20), ["flat", "flat"], id="shrinking"),
        pytest.param(make_process(8), ["grows", "flat"], id="a leak of memory"),
        pytest.param(make_process(5), ["open", "flat"], id="growth at the bound"),
        pytest.param(make_process(0, 30), ["flat", "grows"], id="a leak of descriptors"),
    ],
)
def test_growth_is_told_from_noise_and_from_the_start(process: ProcessSeries, words: list[str]) -> None:
    assert [each.word for each in make_results(process).list_growth()] == words


def test_each_fault_is_one_sentence() -> None:
    good = make_results(make_process(0))
    assert good.list_faults() == []
    assert "memory, MiB grows by" in make_results(make_process(20)).list_faults()[0]
    lost = replace(good, recorded=9, left=["port 8000 is still taken"])
    assert lost.list_faults() == [
        "9 requests were recorded, 2 of them without a reply, but the service counted 10",
        "port 8000 is still taken",
    ]


@pytest.mark.parametrize(("counted", "faults"), [(11, 1), (10, 0), (8, 0), (7, 1)])
def test_the_service_may_lack_only_what_got_no_reply(counted: int, faults: int) -> None:
    results = replace(make_results(make_process(0)), counted=counted)
    assert len(results.list_faults()) == faults
    assert "Rows recorded: 10 (8 ok, 2 timeout)." in render_page(results)


def test_results_are_read_as_they_were_written_and_the_page_shows_them(tmp_path: Path) -> None:
    results = make_results(make_process(8))
    results.write(tmp_path / "endurance.json")
    again = EnduranceResults.read(tmp_path / "endurance.json")
    assert render_page(again) == render_page(results)
    assert "| `service: service` | memory, MiB |" in render_page(results)
    assert "no process, no port, no temporary file" in render_page(results)


def test_a_length_has_to_be_above_zero(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--minutes", "0"], ["--minutes", "nan"], ["--rate", "-1"]):
        with pytest.raises(SystemExit, match="2"):
            main(words)
        assert "give a number above 0" in capsys.readouterr().err


@pytest.mark.real
@pytest.mark.extended
def test_a_short_run_records_what_the_service_counted_and_leaves_nothing(tmp_path: Path) -> None:
    """Scaled down; in three seconds every process still grows, so that only the other findings count."""
    main(["--minutes", "0.05", "--rate", "200", "--out", str(tmp_path)])
    results = EnduranceResults.read(tmp_path / "endurance.json")
    assert results.counted == results.recorded > 300
    assert sum(results.outcomes.values()) == results.recorded
    assert results.left == []
    assert results.exit_code in (0, 3), results.sentence
    assert {each.name.partition(":")[0] for each in results.processes} == {"generator", "service"}
    assert set(results.commands_s) == {"python -m reports show", "python -m reports write"}
    assert (tmp_path / "endurance.md").read_text().startswith("# A long run")


@pytest.mark.parametrize(
    ("commits", "told"),
    [
        (["abc", "abc"], "abc"),
        (["abc", "def"], "abc, which was changed during the run"),
        ([None, None], "unknown"),
    ],
)
def test_the_page_names_the_commit_that_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commits: list[str | None], told: str
) -> None:
    """Processes that begin late, such as that of the report, run what is in the checkout by then."""
    asked = iter(commits)
    monkeypatch.setattr(endurance, "find_commit", lambda: next(asked))
    monkeypatch.setattr(endurance, "endure", lambda *_: make_results(make_process(0)))
    assert main(["--out", str(tmp_path)]) == 0
    assert f"; commit {told}." in (tmp_path / "endurance.md").read_text()
