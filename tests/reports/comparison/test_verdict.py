"""What a comparison says: worse, not worse, undecided, or invalid, and with which exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reports.comparison.differences import Margins
from reports.comparison.verdict import ComparisonSettings, VersionComparison, compare_versions
from reports.comparison.wording import describe_outcome
from reports.data.run import Run
from reports.data.run_sets import RunSet

MakeVersion = Callable[..., Run]
LOOSE = ComparisonSettings(Margins(0.1, 0.01))


def compare(
    baseline: list[Run],
    candidate: list[Run],
    settings: ComparisonSettings = LOOSE,
    rounds: tuple[int, ...] = (),
) -> VersionComparison:
    sets = RunSet("a", tuple(baseline), rounds), RunSet("b", tuple(candidate), rounds)
    return compare_versions(*sets, settings)


def outcomes(comparison: VersionComparison) -> dict[str, str]:
    return {each.text: each.outcome for each in comparison.differences}


def test_a_slower_version_is_worse_where_it_is_slower(make_version: MakeVersion) -> None:
    found = compare([make_version(1)], [make_version(2, factor=1.5)])
    assert found.word == "worse"
    assert found.exit_code == 1
    assert found.sentence.startswith("Worse: p50 latency is ")
    assert outcomes(found)["p95 latency"] == "worse"
    assert outcomes(found)["throughput"] == "not worse"


def test_the_same_version_is_not_worse(make_version: MakeVersion) -> None:
    found = compare([make_version(1)], [make_version(2)])
    assert (found.word, found.exit_code, found.design) == ("not worse", 0, "time")
    assert "none of 5 figures is worse by more than 10 % or 1 points, at 95 %" in found.sentence


def test_a_faster_version_is_not_worse(make_version: MakeVersion) -> None:
    assert compare([make_version(1, factor=1.5)], [make_version(2)]).word == "not worse"


@pytest.mark.parametrize(("proof", "code"), [(False, 0), (True, 1)])
def test_what_stays_open_is_undecided_and_fails_only_where_proof_is_required(
    make_version: MakeVersion, proof: bool, code: int
) -> None:
    settings = ComparisonSettings(Margins(0.01, 0.01), require_proof=proof)
    found = compare([make_version(1)], [make_version(2)], settings)
    assert (found.word, found.exit_code) == ("undecided", code)
    assert "times as long would probably tell" in found.sentence


def test_failures_are_compared_by_their_difference(make_version: MakeVersion) -> None:
    found = compare([make_version(1)], [make_version(2, errors=0.1)])
    rate = next(each for each in found.differences if each.text == "error rate")
    assert rate.outcome == "worse"
    assert rate.change == pytest.approx(10.0, abs=2.0)
    assert rate.baseline == 0.0


def test_too_few_requests_for_a_percentile_are_told_and_undecided(make_version: MakeVersion) -> None:
    found = compare([make_version(1, count=2400)], [make_version(2, count=2400)])
    p99 = next(each for each in found.differences if each.text == "p99 latency")
    assert p99.outcome == "undecided"
    assert p99.absence == "it needs 2,500 requests of each run, and one has 2,400"


def test_runs_of_several_are_blocks(make_version: MakeVersion) -> None:
    """Three against three: the scatter between runs decides, not the thousands of requests in them."""
    steady = [make_version(seed) for seed in (1, 2, 3)]
    found = compare(steady, [make_version(seed, factor=1.5) for seed in (4, 5, 6)])
    assert (found.word, found.design) == ("worse", "runs")
    drifting = [make_version(seed, factor=factor) for seed, factor in ((4, 0.7), (5, 1.5), (6, 2.4))]
    assert outcomes(compare(steady, drifting))["p99 latency"] == "undecided"


def test_rounds_cancel_a_drift_of_the_machine(make_version: MakeVersion) -> None:
    """The machine becomes slower by half along five rounds; within rounds the versions stay alike."""
    baseline, candidate = [], []
    for number in range(20):
        factor = 1.0 + number / 38
        side = baseline if number % 4 in (0, 3) else candidate
        side.append(make_version(number, factor=factor))
    rounds = tuple(number // 2 + 1 for number in range(10))
    found = compare(baseline, candidate, rounds=rounds)
    assert (found.word, found.design) == ("not worse", "rounds")
    assert outcomes(compare(baseline, candidate))["p50 latency"] == "undecided"


def test_fewer_than_five_rounds_decide_nothing_and_say_so(make_version: MakeVersion) -> None:
    """Chance alone puts four of four rounds on one side in more than 5 % of comparisons."""
    baseline = [make_version(seed) for seed in range(5)]
    candidate = [make_version(seed + 5, factor=1.5) for seed in range(5)]
    few = compare(baseline[:4], candidate[:4], rounds=(1, 2, 3, 4))
    assert (few.word, few.exit_code) == ("undecided", 0)
    assert "about 1 more round would probably tell" in few.sentence
    p50 = next(each for each in few.differences if each.text == "p50 latency")
    assert (p50.bounds, p50.needed) == (None, 1)
    assert "these rounds are too few to bound that" in describe_outcome(p50, few.design)
    enough = compare(baseline, candidate, rounds=(1, 2, 3, 4, 5))
    assert outcomes(enough)["p50 latency"] == "worse"
    assert outcomes(enough)["throughput"] == "not worse"


def test_one_run_against_a_few_decides_nothing(make_version: MakeVersion) -> None:
    """It may be the one that something disturbed: one of four is, in a quarter of such comparisons."""
    found = compare([make_version(seed) for seed in (1, 2, 3)], [make_version(4, factor=1.5)])
    assert {*outcomes(found).values()} == {"undecided"}
    assert "about 2 more runs of each side would probably tell" in found.sentence


def test_an_invalid_run_and_its_round_are_left_out_and_told(make_version: MakeVersion) -> None:
    broken = make_version(7, facts={"faults": ("a worker was lost",)})
    baseline = [make_version(seed) for seed in (1, 2, 3)]
    candidate = [make_version(4), broken, make_version(6)]
    found = compare(baseline, candidate, rounds=(1, 2, 3))
    assert found.baseline.rounds == found.candidate.rounds == (1, 3)
    assert any(
        each.startswith("left out: version-7 of b. Invalid: a worker was lost") for each in found.reasons
    )
    twice = compare(baseline, candidate, rounds=(1, 1, 2))
    assert twice.word == "invalid", "a single round is left"
    alone = compare([make_version(1)], [broken])
    assert (alone.word, alone.exit_code) == ("invalid", 3)
    assert "version-7" in alone.sentence


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"machine": {"processor": "another", "cores": "2", "memory": "4 GiB"}}, "machine"),
        ({"planned_s": 40.0, "ended_s": 20.0, "decided_s": 20.0}, "load"),
        ({"resolved": {"traffic": {"endpoints": [{"name": "x"}]}}}, "traffic"),
        ({"seeds": {"payloads": 2}}, "payloads"),
        ({"expected": ("shed",)}, "expected outcomes"),
        ({"workers": 2}, "workers"),
        ({"decided_s": 20.0}, "early end"),
    ],
)
def test_runs_that_differ_in_more_than_the_service_are_invalid(
    make_version: MakeVersion, facts: dict[str, Any], name: str
) -> None:
    found = compare([make_version(1)], [make_version(2, facts=facts)])
    assert (found.word, found.exit_code) == ("invalid", 3)
    assert f"the runs differ in more than the service: {name}: " in found.sentence
    names = ("machine", "load", "traffic", "payloads", "expected outcomes", "workers", "early end")
    accepted = compare(
        [make_version(1)],
        [make_version(2, facts=facts)],
        ComparisonSettings(Margins(0.1, 0.01), accepted=names),
    )
    assert accepted.word == "not worse"
    assert any(reason.startswith(name) for reason in accepted.reasons)


def test_larger_payloads_are_noticed_whatever_the_scenario_says(make_version: MakeVersion) -> None:
    found = compare([make_version(1)], [make_version(2, request_bytes=240)])
    assert "requests to prediction had 120 and 240 bytes on average" in found.sentence


def test_other_versions_of_libraries_are_told_and_do_not_matter(make_version: MakeVersion) -> None:
    found = compare([make_version(1)], [make_version(2, facts={"versions": {"numpy": "3"}})])
    assert found.word == "not worse"
    assert found.reasons == ("versions: numpy is 2 and 3",)


def test_each_endpoint_and_the_metrics_of_objectives_are_compared(make_version: MakeVersion) -> None:
    endpoint = ["one", "two"] * 2000
    stated = {"objectives": ("p90 latency <= 1 s on two", "errors <= 1 per 10 requests", "status 500 <= 3")}
    found = compare([make_version(1, endpoint=endpoint, facts=stated)], [make_version(2, endpoint=endpoint)])
    assert {"p99 latency on one", "p99 latency on two", "p90 latency on two"} <= {*outcomes(found)}
    assert not any("errors" in text or "status" in text for text in outcomes(found))


def test_processor_time_is_that_of_the_service_divided_by_its_requests(make_version: MakeVersion) -> None:
    """50 % of a core for 20 s, 4,000 requests: 2.5 ms each."""
    sides = [
        make_version(
            seed, telemetry={("service", "cpu_percent"): [(s + 0.5, use + s % 2) for s in range(20)]}
        )
        for seed, use in ((1, 49.5), (2, 79.5))
    ]
    found = compare(sides[:1], sides[1:])
    used = next(each for each in found.differences if each.text == "processor time a request")
    assert used.baseline == pytest.approx(2.5, rel=0.01)
    assert used.outcome == "worse"


@pytest.mark.parametrize("count", [1, 2])
def test_a_stage_that_one_side_lacks_is_not_compared(make_version: MakeVersion, count: int) -> None:
    stated = {"objectives": ("p90 latency <= 1 s during rush",)}
    found = compare(
        [make_version(seed) for seed in range(count)],
        [make_version(seed + 9, facts=stated) for seed in range(count)],
    )
    assert not any("rush" in text and outcome != "undecided" for text, outcome in outcomes(found).items())
    assert outcomes(found)["p95 latency"] != "worse"
