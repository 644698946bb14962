"""The page says what was measured: medians, ratios of windows side by side, goals reached and missed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.generator.load_tools import EAGER, HERE, READY, list_load_tools
from benchmarks.generator.measuring import ToolWindow
from benchmarks.generator.page import compose_title, render_page, write_page
from benchmarks.generator.punctuality import SendLateness
from benchmarks.generator.results import SUITE, GeneratorResults
from configuration.loading import load_scenario
from loadtests.client.target import Target
from loadtests.payloads.deck import build_deck

RATES = {
    SUITE: (40_000, 50_000, 45_000),
    "k6": (20_000, 20_000, 18_000),
    "wrk": (90_000, 100_000, 95_000),
    "the tutorial script": (1_000, 1_000, 1_000),
}


def results(**changes: Any) -> GeneratorResults:
    values: dict[str, Any] = {
        "facts": {"date": "2026-01-01", "machine": "a machine", "versions": "Python 3.11"},
        "uses": {tool: f"how {tool} is used" for tool in RATES},
        "windows": {
            tool: [ToolWindow(10.0, rate * 5, 5.0) for rate in rates] for tool, rates in RATES.items()
        },
        "recording_us": (0.5, 0.9, 0.6),
        "lateness": SendLateness(10_000, 0.4, 2.5, 9.9),
        "profile": {"the event loop": 0.6, "everything else": 0.4},
    }
    return GeneratorResults(**(values | changes))


def test_a_window_relates_requests_to_processor_time() -> None:
    window = ToolWindow(seconds=10.0, requests=20_000, cpu_s=4.0)
    assert (window.per_second, window.per_cpu_second, window.busy) == (2_000, 5_000, 0.4)


def test_ratios_compare_windows_of_the_same_round() -> None:
    """Per round 2, 2.5 and 2.5 times k6: the median of these, not the ratio of two medians, 2.25."""
    assert results().ratio("k6") == 2.5


def test_a_goal_is_reached_or_missed() -> None:
    text = render_page(results(recording_us=(1.5, 1.2, 1.4)))
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    assert lines["at least 2.2 × k6"].endswith("| 2.5 × | reached |")
    recording = next(line for goal, line in lines.items() if goal.startswith("recording"))
    assert recording.endswith("| 1.4 µs | **missed** |")


def test_the_row_of_the_http_clients_is_explained() -> None:
    """Per round 2, 2.5 and 3 times as many; results without that row say nothing of it."""
    windows = dict(results().windows)
    windows[READY] = [ToolWindow(10.0, rate * 5, 5.0) for rate in (20_000, 20_000, 15_000)]
    uses = dict(results().uses) | {READY: "ready bodies"}
    assert "this suite sends 2.5 × as many requests" in render_page(results(windows=windows, uses=uses))
    assert READY not in render_page(results())


def test_the_row_of_the_http_clients_sends_what_this_suite_sends() -> None:
    """Its file holds the bodies with which the deck of this suite's scenario begins."""
    bodies = (HERE.parent / "crosscheck" / "single.jsonl").read_bytes().splitlines()
    requests = build_deck(load_scenario(str(EAGER)), Target.parse("http://127.0.0.1"), worker=0).turns
    assert [request.encoded.partition(b"\r\n\r\n")[2] for request in requests[: len(bodies)]] == bodies
    assert "crosscheck/single.jsonl" in (HERE / "peers" / "fast_ready.py").read_text().replace('" / "', "/")


def test_the_page_says_what_else_the_machine_did() -> None:
    windows = {
        tool: [ToolWindow(10.0, rate * 5, 5.0, 2.0) for rate in rates] for tool, rates in RATES.items()
    }
    windows["k6"][0] = ToolWindow(10.0, 1_000, 5.0, 9.0)
    assert "Other processes used 0.2 of the cores (median), 0.9 at most." in render_page(
        results(windows=windows)
    )


def test_parts_of_a_request_add_up_to_its_cost() -> None:
    text = render_page(results())
    (cost,) = re.findall(r"A request costs ([\d.]+) µs", text)
    parts = re.findall(r"^\| [^|]+ \| \d+ % \| ([\d.]+) \|$", text, re.MULTILINE)
    assert sum(map(float, parts)) == pytest.approx(float(cost), rel=0.02)


def test_the_page_follows_from_the_file_alone(tmp_path: Path) -> None:
    results().write(tmp_path / "generator.json")
    again = GeneratorResults.read(tmp_path / "generator.json")
    write_page(again, tmp_path)
    assert (tmp_path / "generator.md").read_text() == render_page(results())
    assert compose_title(results()) in (tmp_path / "generator.svg").read_text()


def test_every_tool_is_aimed_at_the_same_host(tmp_path: Path) -> None:
    for contender in list_load_tools(Path("tools")):
        command = " ".join(contender.command("http://127.0.0.1:1", tmp_path))
        assert "http://127.0.0.1:1" in command, contender.name
        assert "32" in command or "eager.yaml" in command or "/peers/k6" in command, contender.name
