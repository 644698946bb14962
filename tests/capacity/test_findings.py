"""What a search found: its words, its figures, and its file, which reads back as the same value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from capacity.findings import CapacityFileError, CapacityFindings, DownwardStep, read_findings
from capacity.search import CapacityBracket


def test_the_file_reads_back_as_the_same_value(tmp_path: Path, findings: CapacityFindings) -> None:
    file = tmp_path / "capacity.json"
    file.write_text(json.dumps(findings.to_json(), allow_nan=False))
    assert read_findings(file) == findings


def test_the_sentence_tells_both_bounds_and_how_sure_they_are(findings: CapacityFindings) -> None:
    assert findings.is_valid
    assert findings.sentence == "The capacity is at least 100 and less than 112 requests/s (95 % sure)."
    assert findings.remarks[0] == (
        "The bracket is 12 % wide, 5 % were asked for: the rates between could not be decided. Longer trials "
        "narrow it (--trial)."
    )


def test_the_generators_limit_is_no_capacity(
    findings: CapacityFindings, without_upper_bound: Callable[..., CapacityFindings]
) -> None:
    found = without_upper_bound(findings, "the generator could not keep its schedule")
    assert not found.is_valid
    assert found.sentence == (
        "Invalid: no capacity was found, because the generator could not keep its schedule. At least 100 "
        "requests/s meet the objectives (95 % sure)."
    )


def test_where_no_rate_holds_there_is_no_capacity(findings: CapacityFindings) -> None:
    bracket = CapacityBracket(None, 0.2, (), 0.95, "14 trials were made")
    assert replace(findings, capacity=bracket, downward=()).sentence == (
        "Invalid: no capacity was found, because 14 trials were made. 0.2 requests/s break the objectives "
        "(95 % sure)."
    )


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ((True, True, True, True), "After an overload the service carried its capacity again."),
        (
            (None, True, None, True),
            "Whether the service carried 100, 60 requests/s after an overload is undecided.",
        ),
        ((False, False, None, True), "it recovered at 40 requests/s (hysteresis)."),
        ((True, False, True, True), "it recovered at 60 requests/s (hysteresis)."),
        ((False, None, None, None), "whether it recovered at lower rates is undecided (hysteresis)."),
        ((False, False, False, False), "it did not recover down to 40 requests/s (hysteresis)."),
    ],
)
def test_hysteresis_is_told(findings: CapacityFindings, held: tuple[bool | None, ...], told: str) -> None:
    rates = (100.0, 80.0, 60.0, 40.0)
    steps = tuple(DownwardStep(rate, each, 40.0) for rate, each in zip(rates, held, strict=True))
    assert replace(findings, downward=steps).remarks[-1].endswith(told)


def test_a_capacity_by_limits_that_can_not_be_proven_says_so(findings: CapacityFindings) -> None:
    reason = "every objective is proven, but errors <= 0 was only kept: no number of requests can prove it"
    trials = tuple(
        replace(trial, reason=reason) if trial.outcome == "proven" else trial for trial in findings.trials
    )
    assert f"At 100 requests/s {reason}." in replace(findings, trials=trials).remarks


def test_the_cost_of_a_request_is_the_slope_over_trials_that_held(findings: CapacityFindings) -> None:
    """Broken trials don't count: a request that was given up cost less."""
    cost = findings.cost
    assert cost is not None
    assert cost.s_per_request == pytest.approx(0.005)
    assert cost.idle_cores == pytest.approx(0.05)
    wasteful = tuple(
        replace(trial, service_cores=9.0) if trial.outcome == "broken" else trial for trial in findings.trials
    )
    assert replace(findings, trials=wasteful).cost == cost
    unseen = tuple(replace(trial, service_cores=None) for trial in findings.trials)
    assert replace(findings, trials=unseen).cost is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "can't be read: No such file or directory"),
        ("{}", "is no file that model-loadtest capacity has written: "),
        ("[1", "is no file that model-loadtest capacity has written: "),
        ('{"idle": Infinity}', "it holds Infinity, expected finite numbers"),
        ('{"idle": 1e999}', "it holds 1e999, expected finite numbers"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"format": 9}', "has the format 9, this version reads 1: search again"),
    ],
)
def test_another_file_is_refused_in_a_sentence(tmp_path: Path, text: str | None, why: str) -> None:
    file = tmp_path / "capacity.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CapacityFileError) as caught:
        read_findings(file)
    assert why in str(caught.value)
    assert str(file) in str(caught.value)
