"""The terminal shows the verdict calmly: within its width, coloured only where it means something."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.judging.verdict import judge_run
from reports.rendering.stages import format_stages
from reports.rendering.terminal import format_verdict
from reports.rendering.verdict_json import encode_verdict

MakeRun = Callable[..., Run]

OBJECTIVES = ("p99 latency <= 100 ms", "p50 latency <= 5 ms", "peak throughput >= 5 requests/s")


def test_the_verdict_in_words_and_a_table_of_objectives(make_run: MakeRun) -> None:
    run = make_run(200, facts={"objectives": OBJECTIVES})
    assert format_verdict(judge_run(run), color=False, width=80, report="results/latest/report.html") == (
        "✗ Failed: p50 latency was 10 ms, limit 5 ms.\n"
        "\n"
        "objective                             observed         limit  outcome\n"
        "p99 latency <= 100 ms                    10 ms        100 ms  ? unproven\n"
        "p50 latency <= 5 ms                      10 ms          5 ms  ✗ missed\n"
        "peak throughput >= 5 requests/s  10 requests/s  5 requests/s  ✓ met\n"
        "\n"
        "? p99 latency was 10 ms, limit 100 ms: met, not proven; 99 more samples (about\n"
        "  9.9 s more) would prove it at 95 %.\n"
        "\n"
        "Latency was steady: p50 changed by 0 % in the 20 s of constant load.\n"
        "\n"
        "Report: results/latest/report.html"
    )


def test_intervals_are_told_where_they_fit(make_run: MakeRun) -> None:
    verdict = judge_run(
        make_run(400, latency_ms=[float(i % 20) for i in range(400)], facts={"objectives": OBJECTIVES})
    )
    assert format_verdict(verdict, color=False, width=100).splitlines()[2:6] == [
        "objective                             observed  95 % interval         limit  outcome",
        "p99 latency <= 100 ms                    19 ms    19 to 19 ms        100 ms  ✓ met",
        "p50 latency <= 5 ms                       9 ms     8 to 11 ms          5 ms  ✗ missed",
        "peak throughput >= 5 requests/s  11 requests/s    as observed  5 requests/s  ✓ met",
    ]
    assert "interval" not in format_verdict(verdict, color=False, width=82)
    assert "  observed 9 ms (8 to 11 ms), limit 5 ms" in format_verdict(verdict, False, 50).splitlines()


def test_a_limit_of_none_is_told_as_observed(make_run: MakeRun) -> None:
    objectives = ("p50 latency <= 20 ms", "error rate <= 0 %")
    verdict = judge_run(make_run(200, facts={"objectives": objectives}))
    assert format_verdict(verdict, False, 100).splitlines()[2:5] == [
        "objective             observed  95 % interval  limit  outcome",
        "p50 latency <= 20 ms     10 ms    10 to 10 ms  20 ms  ✓ met",
        "error rate <= 0 %          0 %    as observed    0 %  ✓ met",
    ]


def test_verdict_json_reads_as_the_verdict_itself(make_run: MakeRun) -> None:
    verdict = judge_run(make_run(200, facts={"objectives": OBJECTIVES}))
    assert format_verdict(encode_verdict(verdict), True, 80) == format_verdict(verdict, True, 80)


def test_a_run_that_passed_says_what_it_could_not_see(make_run: MakeRun) -> None:
    text = format_verdict(judge_run(make_run(600)), False, 80, report="report.html")
    assert text.endswith(
        "\n\n"
        "Blind spot: stalls that come less often than every 20 s may not have shown in 1\n"
        "  min (95 %); 10 min would show those every 3 min 20 s.\n"
        "\n"
        "Report: report.html"
    )
    assert "Blind spot" not in format_verdict(judge_run(make_run(600, latency_ms=500.0)), False, 80)


def test_without_colour_there_is_no_escape_with_it_only_outcomes_bear_one(make_run: MakeRun) -> None:
    verdict = judge_run(make_run(200, facts={"objectives": OBJECTIVES}))
    plain, painted = format_verdict(verdict, False, 80), format_verdict(verdict, True, 80)
    assert "\x1b" not in plain
    assert "\x1b[31m✗ missed\x1b[0m" in painted
    assert "\x1b[32m✓ met\x1b[0m" in painted
    assert painted.startswith("\x1b[1;31m✗ Failed")
    assert painted.count("\x1b[0m") == 4


@pytest.mark.parametrize("width", [30, 40, 60, 72, 100])
def test_no_line_is_longer_than_the_terminal_is_wide(make_run: MakeRun, width: int) -> None:
    verdict = judge_run(make_run(200, facts={"objectives": OBJECTIVES}))
    assert max(len(line) for line in format_verdict(verdict, False, width).splitlines()) <= width


def test_an_invalid_run_lists_its_reasons(make_run: MakeRun) -> None:
    verdict = judge_run(make_run(200, facts={"faults": ("One fault.", "Another.")}))
    text = format_verdict(verdict, False, 80)
    assert text.startswith("! Invalid: One fault (and 1 more reason).\n- One fault.\n- Another.\n")


def test_failures_are_listed_by_reason_the_most_frequent_first(make_run: MakeRun) -> None:
    outcomes = ["http_4xx"] * 1200 + ["timeout"] * 3 + ["reset"] * 2 + ["refused", "invalid_reply"]
    run = make_run(1207, outcome=outcomes, status=[404] * 1200 + [0] * 6 + [200])
    text = format_verdict(judge_run(run), False, 80, report="report.html")
    assert text.endswith(
        "\n\n"
        "Failed requests:\n"
        "  1,200  HTTP 404\n"
        "      3  timeout\n"
        "      2  connection reset\n"
        "      2  for 2 other reasons\n"
        "\n"
        "Report: report.html"
    )
    assert "Failed requests" not in format_verdict(judge_run(make_run(200)), False, 80)


def test_what_was_not_measured_is_a_dash(make_run: MakeRun) -> None:
    text = format_verdict(judge_run(make_run(3, outcome="refused", status=0)), False, 80)
    assert text.splitlines()[3].split() == [
        "p99",
        "latency",
        "<=",
        "100",
        "ms",
        "–",
        "100",
        "ms",
        "✗",
        "missed",
    ]


def test_a_name_cannot_steer_the_terminal(make_run: MakeRun) -> None:
    run = make_run(5, facts={"objectives": ("p99 latency <= 1 ms on \x1b[2Jx",)})
    assert "\x1b" not in format_verdict(judge_run(run), False, 80)


def test_stages_stand_in_columns(make_run: MakeRun) -> None:
    stages = (Stage("warm", 0.0, 2.0, judged=False), Stage("steady", 2.0, 4.0))
    run = make_run(40, stage=["warm"] * 20 + ["steady"] * 20, facts={"stages": stages})
    assert format_stages(judge_run(run).stages) == (
        "stage           planned users  requests  errors  p50 ms  p95 ms  p99 ms  replies/s  outcome\n"
        "warm (warm-up)             10        20       0      10      10      10         10  – not judged\n"
        "steady                     10        20       0      10      10      10         10  ✓ kept"
    )


def test_users_are_told_as_observed_where_they_were(make_run: MakeRun) -> None:
    """A ramp to 20 users was, in its mean, one of ten."""
    stages = (Stage("up", 0.0, 2.0), Stage("late", 2.0, 4.0))
    telemetry = {("generator", "users"): [(0.0, 5.0), (1.0, 15.5)]}
    run = make_run(40, stage=["up"] * 20 + ["late"] * 20, facts={"stages": stages}, telemetry=telemetry)
    lines = [line[:17].split() for line in format_stages(judge_run(run).stages).splitlines()]
    assert lines == [["stage", "mean", "users"], ["up", "10.2"], ["late", "–"]]


def test_a_load_without_users_has_no_column_of_them(make_run: MakeRun) -> None:
    run = make_run(40, facts={"model": "open", "plan": Plan(t_s=(0.0, 4.0), rate=(10.0, 10.0))})
    assert format_stages(judge_run(run).stages).startswith("stage   requests  errors")


def test_what_locust_imports_brings_no_heavy_library() -> None:
    """The load generator's process stays free of what only reports need."""
    modules = (
        *("data.samples", "data.telemetry", "data.facts", "data.folder", "data.checkpoints"),
        *("objectives.parsing", "objectives.counters", "rendering.terminal"),
    )
    imports = "; ".join(f"import reports.{name}" for name in modules)
    code = f"import sys; {imports}; print(sorted({{'pandas', 'matplotlib', 'scipy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
