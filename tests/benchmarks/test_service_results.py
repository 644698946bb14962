"""The page says what was measured: medians, ratios of turns of the same round, goals reached and missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service.__main__ import main
from benchmarks.service.goals import Goal, judge_goals
from benchmarks.service.open_model import OpenModelResult
from benchmarks.service.page import compose_title, render_page, write_page
from benchmarks.service.results import BatchRates, ServiceResults, ServiceRound
from benchmarks.service.services import CONSTANT, DATAFRAME, SHORT_CONSTANT, STOCK, SUITE
from benchmarks.service.serving import ClosedModelResult

OURS = (6_000.0, 8_000.0, 7_000.0)


def latencies(p99_ms: float, requests: int = 50_000) -> OpenModelResult:
    return OpenModelResult(5_000.0, requests, 0, p99_ms / 4, p99_ms, p99_ms * 2, believed=True)


def turn(rate: float, p99_ms: float = 4.0, constant_p99_ms: float = 2.0) -> ServiceRound:
    reply = ClosedModelResult(rate, 1.0, 5.0, 0, per_cpu_second=2 * rate, busy=0.5)
    closed = {8: reply, 32: replace(reply, per_second=rate / 2)}
    return ServiceRound(
        closed, latencies(p99_ms), latencies(constant_p99_ms), replace(reply, p50_ms=1_000 / rate)
    )


def turns(rates: Sequence[float]) -> list[ServiceRound]:
    return [turn(rate) for rate in rates]


def results(**changes: Any) -> ServiceResults:
    rounds = {
        SUITE: turns(OURS),
        STOCK: turns([2_000.0] * 3),
        DATAFRAME: turns([200.0] * 3),
        "LitServe": turns((1_000.0, 1_000.0, 700.0)),
        "BentoML": turns([500.0] * 3),
        CONSTANT: [ServiceRound(each.closed) for each in turns([10_000.0] * 3)],
        SHORT_CONSTANT: [ServiceRound(each.closed) for each in turns([20_000.0] * 3)],
    }
    facts = {
        "date": "2026-01-01",
        "machine": "a machine",
        "versions": "Python 3.11",
        "load": "",
        "window_s": "10",
        "open_s": "20",
        "share": "70 %",
    }
    values: dict[str, Any] = {
        "facts": facts,
        "uses": {name: f"how {name} is set up" for name in rounds},
        "rounds": rounds,
        "batches": BatchRates([200_000.0, 100_000.0, 300_000.0], [1e6, 1e6, 1e6]),
        "absent": {"MLServer": "in round 1: 'x' ended with 1: Traceback / it could not be started"},
    }
    return ServiceResults(**(values | changes))


def goal(found: ServiceResults, words: str) -> Goal:
    (one,) = [each for each in judge_goals(found) if words in each.text]
    return one


def test_ratios_compare_turns_of_the_same_round() -> None:
    """Per round 6, 8 and 10 times LitServe: the median of these, not the ratio of two medians, 7."""
    assert results().ratio("LitServe", 8) == 8.0


def test_a_service_that_ended_early_is_compared_in_the_rounds_it_had() -> None:
    rounds = dict(results().rounds) | {"LitServe": turns([1_000.0])}
    assert results(rounds=rounds).ratio("LitServe", 8) == 6.0


def test_the_best_peer_is_the_one_that_comes_closest() -> None:
    """LitServe is the fastest in two rounds of three; MLServer took no part."""
    assert goal(results(), "best of").measured == 8.0


def test_a_goal_holds_where_it_looks_worst() -> None:
    """At 32 connections the constant route is as fast as at 8, this service is not."""
    constant = [
        ServiceRound({8: each.closed[8], 32: each.closed[8]})
        for each in turns([10_000.0, 10_000.0, 10_000.0])
    ]
    found = goal(results(rounds=dict(results().rounds) | {CONSTANT: constant}), "0.75")
    assert found.measured == 0.35
    assert not found.reached(found.measured)
    assert found.per_cpu == 0.7


@pytest.mark.parametrize(("p99_ms", "reached"), [(4.0, True), (4.2, False)])
def test_latency_is_judged_as_a_multiple_of_the_constant_replys(p99_ms: float, reached: bool) -> None:
    """The constant reply's p99 is 2 ms at the same rate; twice that is allowed."""
    rounds = dict(results().rounds) | {SUITE: [turn(rate, p99_ms) for rate in OURS]}
    found = goal(results(rounds=rounds), "p99 at most")
    assert found.measured == pytest.approx(p99_ms / 2.0)
    assert found.reached(found.measured or 0.0) is reached


def test_a_rate_the_constant_reply_cannot_keep_has_no_ratio() -> None:
    """5,000/s were asked of both, and the constant reply is given 4,000 times: its latency means nothing."""
    rounds = dict(results().rounds) | {SHORT_CONSTANT: turns([4_000.0] * 3)}
    assert goal(results(rounds=rounds), "p99 at most").measured is None


def test_batches_are_told_against_single_requests_and_against_the_model() -> None:
    """200,000 rows/s beside 2,000 stock requests/s, and a fifth of the model's million."""
    found = results()
    assert (found.batch_of_stock(), found.batch_of_model()) == (100.0, 0.2)
    assert all(each.reached(each.measured or 0.0) for each in judge_goals(found) if "batch" in each.text)


def test_what_was_missed_and_what_was_not_measured_is_said() -> None:
    rounds = {name: each for name, each in results().rounds.items() if name != DATAFRAME}
    text = render_page(results(rounds=rounds))
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    assert "| – | not measured |" in lines["at least 20 × the DataFrame form"]
    assert "| 8 × | reached |" in lines["at least 3 × the best of LitServe, MLServer, BentoML"]
    assert "| **missed** |" in lines["at least 0.75 of the constant route"]
    assert "MLServer: in round 1: it could not be started" in text


def test_a_tail_of_few_requests_stands_in_brackets() -> None:
    few = [replace(each, opened=latencies(4.0, requests=900)) for each in turns(OURS)]
    text = render_page(results(rounds=dict(results().rounds) | {SUITE: few}))
    assert "| (8) |" in next(line for line in text.splitlines() if line.startswith(f"| {SUITE} |"))


def test_rounds_in_which_the_generator_was_not_fit_are_told() -> None:
    unfit = [replace(each, beside=replace(latencies(2.0), believed=False)) for each in turns(OURS)]
    assert f"{SUITE} 3 of 3" in render_page(results(rounds=dict(results().rounds) | {SUITE: unfit}))


def test_a_lone_user_is_compared_with_the_stock_services() -> None:
    """1/6, 1/8 and 1/7 ms beside 0.5 ms."""
    found = goal(results(), "one connection")
    assert found.measured == pytest.approx(2 / 7)
    assert found.reached(found.measured or 0.0)
    assert f"{STOCK} 0.5 ms" in render_page(results())


def test_what_the_latencies_do_not_tell_of_is_told() -> None:
    failing = [replace(each, opened=replace(latencies(4.0), failed=1_000)) for each in turns(OURS)]
    assert f"{SUITE} 2 %" in render_page(results(rounds=dict(results().rounds) | {SUITE: failing}))


def test_a_soak_is_told_from_its_first_quarter_on() -> None:
    """What is allocated while the service gets going is no leak."""
    soak = [(60.0, 150.0), (150.0, 170.0), (300.0, 171.0), (600.0, 170.5)]
    assert "170.0 MiB after the first quarter and 170.5 MiB at the end" in render_page(results(soak_mib=soak))


def test_the_page_follows_from_the_file_alone(tmp_path: Path) -> None:
    whole = results(soak_mib=[(60.0, 150.0)])
    whole.write(tmp_path / "service.json")
    again = ServiceResults.read(tmp_path / "service.json")
    write_page(again, tmp_path)
    assert again == whole
    assert (tmp_path / "service.md").read_text() == render_page(whole)
    assert compose_title(whole) in (tmp_path / "service.svg").read_text()


def test_drawing_before_measuring_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--draw", "--out", str(tmp_path)]) == 2
    assert "measure first" in capsys.readouterr().err
