"""What the tools say is read into the same figures, and the page says where they differ and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.crosscheck.__main__ import main
from benchmarks.crosscheck.differences import explain_differences
from benchmarks.crosscheck.load_cases import K6, SUITE, WRK
from benchmarks.crosscheck.page import render_page, table_cells, terminal_lines
from benchmarks.crosscheck.reading import Reading, UnreadableOutputError, read_k6, read_wrk
from benchmarks.crosscheck.results import CaseResults, CrosscheckResults

WRK_LINE = {
    "replies": 1000,
    "seconds": 2.0,
    "refused": 100,
    "connect": 1,
    "read": 2,
    "write": 3,
    "timeout": 4,
    "p50_ms": 7.5,
    "p95_ms": 12.0,
    "p99_ms": 25.5,
    "max_ms": 114.0,
}
K6_METRICS = {
    "http_req_duration{expected_response:true}": {
        "avg": 4.0,
        "med": 3.5,
        "p(95)": 10.0,
        "p(99)": 16.0,
        "max": 33.0,
        "count": 940,
        "thresholds": {"p(95)<=50": False},
    },
    "http_reqs": {"count": 1000, "rate": 500.0},
    "refused": {"count": 50, "rate": 25.0},
    "broken": {"count": 10, "rate": 5.0},
    "errors": {"value": 0.06, "thresholds": {"rate<0.01": True}},
}


def test_wrks_replies_that_were_refused_are_no_good_replies() -> None:
    """Of 1,000 in 2 s a hundred were refusals; ten sockets failed, each in its way."""
    found = read_wrk(f"Running 2s test\n  1000 requests\n\n{json.dumps(WRK_LINE)}\n")
    assert (found.per_second, found.requests, found.refused, found.broken) == (450.0, 1000, 100, 10)
    assert (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms) == (7.5, 12.0, 25.5, 114.0)


def summary(tmp_path: Path, **metrics: Any) -> Path:
    path = tmp_path / "k6.json"
    path.write_text(json.dumps({"metrics": {**K6_METRICS, **metrics}}))
    return path


def test_k6s_summary_is_read(tmp_path: Path) -> None:
    found = read_k6(summary(tmp_path))
    assert (found.per_second, found.requests, found.refused, found.broken) == (470.0, 1000, 50, 10)
    assert (found.mean_ms, found.p50_ms, found.p99_ms) == (4.0, 3.5, 16.0)


@pytest.mark.parametrize(("crossed", "kept"), [(True, False), (False, True)])
def test_a_threshold_that_was_crossed_is_an_objective_missed(
    tmp_path: Path, crossed: bool, kept: bool
) -> None:
    errors = {"value": 0.06, "thresholds": {"rate<0.01": crossed}}
    assert read_k6(summary(tmp_path, errors=errors)).kept is kept


def test_output_without_figures_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableOutputError, match="unable to connect"):
        read_wrk("unable to connect to 127.0.0.1:1 Connection refused")
    with pytest.raises(UnreadableOutputError, match="no readable summary of k6"):
        read_k6(tmp_path / "absent.json")


def reading(rate: float, **changes: Any) -> Reading:
    """One of 100 connections that always wait for the service, which is full."""
    values = {
        "per_second": rate,
        "requests": 10_000,
        "refused": 0,
        "broken": 0,
        "p50_ms": 9.0,
        "p95_ms": 12.0,
        "p99_ms": 20.0,
        "max_ms": 50.0,
        "mean_ms": 1e5 / rate,
        "kept": True,
        "busy": 0.4,
        "service_us": 1e6 / rate,
    }
    return Reading(**(values | changes))


def turns(connections: int | None = 100, **rates: Sequence[float | Reading]) -> CaseResults:
    tools = {"suite": SUITE, "wrk": WRK, "k6": K6}
    return CaseResults(
        connections,
        {
            tools[name]: [each if isinstance(each, Reading) else reading(each) for each in some]
            for name, some in rates.items()
        },
    )


def test_ratios_compare_turns_of_the_same_round() -> None:
    """Per round 1.5, 1 and 2 times: the median of these, not the ratio of the medians, 1.33."""
    assert turns(suite=(10_000, 20_000, 15_000), wrk=(15_000, 20_000, 30_000)).ratios(WRK) == [1.5, 1, 2]


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        pytest.param((10_300, 10_400, 10_200), "agrees", id="within 5 %"),
        pytest.param((9_000, 20_000, 15_000), "can't be told from noise", id="now more, now fewer"),
        pytest.param((15_000, 16_000, 14_000), "differs", id="more each time"),
    ],
)
def test_tools_agree_differ_or_cannot_be_told_from_noise(rates: Sequence[float], told: str) -> None:
    (sentence,) = explain_differences(turns(suite=[10_000] * 3, wrk=rates))
    assert sentence.startswith(f"wrk {told}: ")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"busy": 0.97}, "k6 used 97 % of its core: it was saturated."),
        ({"mean_ms": 14.0}, "Its connections waited for the service 70 % of the time; k6 spent the rest "),
        ({"service_us": 150.0}, "A request cost the service 150 µs, and 100 µs under this suite."),
        (
            {"busy": 0.6, "others": 0.4},
            "k6 used 60 % of its core and other processes 40 %: it was saturated.",
        ),
        ({"service_us": 100.0}, "The service used 50 % of its core, and 100 % under this suite."),
        (
            {"service_us": 100.0, "service_others": 0.4},
            "The service used 50 % of its core and other processes 40 %; under this suite 100 % and 0 %.",
        ),
        ({"refused": 2_000}, "20 % of its requests were refused, and 0 % of those of this suite."),
    ],
)
def test_a_difference_has_the_reasons_that_the_figures_give(changes: dict[str, Any], reason: str) -> None:
    """Half the rate of this suite, under which the service is full and a request costs it 100 µs."""
    (sentence,) = explain_differences(turns(suite=[10_000], k6=[reading(5_000, **changes)]))
    assert sentence.startswith("k6 differs: 0.50 × ")
    assert reason in sentence


def test_a_difference_without_a_reason_says_so() -> None:
    """Neither tool full, the service as busy, requests as dear, none refused."""
    alike = {"service_us": 50.0, "mean_ms": None}
    told = explain_differences(turns(None, suite=[reading(100, **alike)], k6=[reading(50, **alike)]))
    assert told[0].endswith("The figures don't explain it.")


def test_both_opinions_on_the_objectives_are_told() -> None:
    missed = reading(50, kept=False)
    told = explain_differences(turns(None, suite=[50] * 3, k6=[50, 50, missed]))
    assert told[-1] == "The objectives are met according to this suite 3 of 3 times, k6 2 of 3 times."


def test_medians_at_a_rate_are_told_from_the_send_too() -> None:
    """Due at 0, sent at 0.6 ms, answered at 1.5 ms: 0.9 ms as k6 counts."""
    late = reading(50, p50_ms=1.5, p50_sent_ms=0.9)
    told = explain_differences(turns(None, suite=[late], k6=[reading(50, p50_ms=0.85)]))
    assert told[1].endswith("the p50 of this suite is 0.9 ms, compared with 0.85 ms of k6.")


def test_turns_in_which_the_generator_was_not_fit_are_told() -> None:
    told = explain_differences(turns(None, suite=[50, reading(50, kept=None)], k6=[50, 50]))
    assert told[1:] == [
        "In 1 of its turns this suite found its own generator unhealthy: too busy, late or starved."
    ]


def test_littles_law_says_how_long_connections_wait() -> None:
    """5,000 a second at 14 ms are 70 under way; of wrk's mean and of refused requests nothing is known."""
    found = turns(
        suite=[reading(5_000, mean_ms=14.0)],
        wrk=[reading(5_000, mean_ms=None)],
        k6=[reading(5_000, refused=200)],
    )
    assert [found.waiting(tool) for tool in (SUITE, WRK, K6)] == [pytest.approx(0.7), None, None]


def results() -> CrosscheckResults:
    facts = {"date": "2026-01-01", "machine": "a machine", "versions": "k6", "rounds": "2", "seconds": "8"}
    facts["command"] = "python -m benchmarks.crosscheck --rounds 2"
    parts = {
        "steady: 100 connections, no pause": turns(
            suite=(10_000, 11_000),
            wrk=[reading(10_100, refused=3, broken=4, mean_ms=None)] * 2,
            k6=[5_000] * 2,
        ),
        "steady: 50 requests/s": turns(None, suite=(50, 50), k6=(50, 50)),
    }
    return CrosscheckResults(facts, parts, {"steady: 50 requests/s": ["peak throughput >= 5 requests/s"]})


def test_socket_errors_and_refusals_are_shown() -> None:
    (part, _) = results().parts.values()
    assert [row[8:10] for row in table_cells(part)] == [("0", "0"), ("6", "8"), ("0", "0")]
    assert "socket errors" in terminal_lines("a part", part)[1]


def test_the_page_follows_from_the_file_alone(tmp_path: Path) -> None:
    results().write(tmp_path / "crosscheck.json")
    assert main(["--draw", "--out", str(tmp_path)]) == 0
    text = (tmp_path / "crosscheck.md").read_text()
    assert text == render_page(results())
    assert "| wrk | 10,100 |" in text
    assert "Measured by `python -m benchmarks.crosscheck --rounds 2`" in text
    assert "k6 has no threshold for: peak throughput >= 5 requests/s." in text


def test_drawing_before_measuring_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--draw", "--out", str(tmp_path)]) == 2
    assert "measure first" in capsys.readouterr().err
