"""Each plot says in words what is seen in it, and draws it in colours that the page decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports import charts
from reports.charts.canvas import draw_picture, set_height
from reports.charts.chart_data import Chart, ChartData
from reports.charts.heatmap import _count_cells
from reports.charts.latency import draw_latency
from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run

Make = Callable[..., Run]


def drawn(run: Run) -> dict[str, Chart]:
    return {chart.key: chart for chart in charts.draw_charts(run, summarise(run), judge_run(run))}


def titles(run: Run) -> dict[str, str]:
    return {key: chart.title for key, chart in drawn(run).items()}


def busy(make_run: Make, latency_ms: Any, seconds: int = 60, **more: Any) -> Run:
    """20 requests a second, so that each second is a window of its own."""
    count = 20 * seconds
    more.setdefault("intended_s", np.arange(count) / 20)
    return make_run(count, latency_ms=latency_ms, **more)


def quiet(seconds: int = 60) -> np.ndarray:
    return np.full(20 * seconds, 10.0)


def test_each_chart_has_its_place_and_its_question(make_run: Make):
    telemetry = {
        (source, name): [(0.5, 1.0), (1.5, 1.0)]
        for source, name in (
            ("service", "cpu_percent"),
            ("kubernetes", "replicas_ready"),
            ("generator", "cpu_percent"),
        )
    }
    run = make_run(100, queue_ms=1.0, inference_ms=1.0, telemetry=telemetry)
    assert [(key, chart.question) for key, chart in drawn(run).items()] == [
        ("latency", "Latency over time"),
        ("beside", "The service beside the load"),
        ("pods", "The pods beside the load"),
        ("where", "Where the time goes"),
        ("load", "Load over time"),
        ("generator", "The generator's health"),
        ("percentiles", "Latency by percentile"),
        ("heatmap", "Latency heat map"),
        ("failures", "Failures"),
    ]


def test_latency_under_its_limit_is_told_with_its_worst_second(make_run: Make):
    latency_ms = quiet()
    latency_ms[20 * 41] = 41.2
    assert titles(busy(make_run, latency_ms))["latency"] == (
        "p99 stayed under 100 ms throughout; worst second 41.2 ms at 41 s"
    )


def test_seconds_above_the_limit_are_counted(make_run: Make):
    latency_ms = quiet()
    latency_ms[20 * 30 : 20 * 32] = 212.0
    latency_ms[20 * 31] = 300.0
    assert titles(busy(make_run, latency_ms))["latency"] == (
        "p99 was above 100 ms in 2 of 60 seconds, first at 30 s; worst second 300 ms at 31 s"
    )


def test_a_value_just_above_its_limit_is_not_rounded_onto_it(make_run: Make):
    latency_ms = quiet()
    latency_ms[20 * 5] = 100.004
    assert "worst second 100.004 ms" in titles(busy(make_run, latency_ms))["latency"]


def test_latency_above_its_limit_all_the_time_is_told_so(make_run: Make):
    assert titles(busy(make_run, 250.0))["latency"] == (
        "p99 was above 100 ms throughout; worst second 250 ms at 0 s"
    )


def test_without_a_limit_the_worst_second_is_told(make_run: Make):
    run = busy(make_run, quiet(), facts={"objectives": ("error rate <= 1 %",)})
    assert titles(run)["latency"] == "p99 reached 10 ms in its worst second, at 0 s"


def test_the_strictest_limit_on_all_requests_heads_the_plot(make_run: Make):
    objectives = ("p50 latency <= 5 ms", "p95 latency <= 50 ms", "p99 latency <= 20 ms during steady")
    run = busy(make_run, quiet(), facts={"objectives": objectives})
    assert titles(run)["latency"].startswith("p95 stayed under 50 ms throughout")


def test_a_sparse_run_is_cut_into_longer_windows_and_says_so(make_run: Make):
    run = make_run(240, intended_s=np.arange(240), latency_ms=10.0)
    latency = drawn(run)["latency"]
    assert latency.title == "p99 stayed under 100 ms throughout; worst 30 s window 10 ms at 0 s"
    assert "fewer than 100, p99 is the slowest" in latency.reading


def test_a_ramp_tells_users_and_rate_at_which_the_limit_was_passed(make_run: Make):
    latency_ms = quiet()
    latency_ms[20 * 40 :] = 130.0
    users = {("generator", "users"): [(float(second), 3.0 * (second + 1)) for second in range(60)]}
    run = busy(make_run, latency_ms, telemetry=users, facts={"plan": Plan((0.0, 59.0), (3.0, 180.0))})
    latency = drawn(run)["latency"]
    assert latency.title == (
        "p99 passed 100 ms at 123 users and 20 requests/s, 41 s into the run; worst second 130 ms at 40 s"
    )
    assert latency.picture is not None
    assert "p99 &gt; 100 ms at 123 users and 20 requests/s" in latency.picture.wide


def test_a_drift_under_constant_load_is_told_by_its_time(make_run: Make):
    """The load is the same before and after, so that it can't be what passed the limit."""
    latency_ms = quiet()
    latency_ms[20 * 40 :] = 130.0
    latency = drawn(busy(make_run, latency_ms))["latency"]
    assert latency.title == (
        "p99 passed 100 ms 41 s into the run, under constant load; worst second 130 ms at 40 s"
    )
    assert (
        "p99 latency first passed its limit of 100 ms 41 s into the run, under constant load: "
        in latency.figures
    )
    assert latency.picture is not None
    assert "requests/s" not in latency.picture.wide.partition("p99 &gt; 100 ms")[2].partition("<")[0]


def test_a_passing_trouble_is_not_told_as_the_limit_of_a_ramp(make_run: Make):
    latency_ms = quiet()
    latency_ms[20 * 10 : 20 * 12] = 130.0
    assert "was above 100 ms in 2 of 60 seconds" in titles(busy(make_run, latency_ms))["latency"]


def test_the_text_alternative_of_latency_holds_its_main_figures(make_run: Make):
    latency_ms = np.tile(np.arange(1.0, 101.0), 12)
    assert drawn(busy(make_run, latency_ms))["latency"].figures.endswith(
        "Over all that is judged, p50 was 50 ms, p95 95 ms, p99 99 ms, the slowest answer 100 ms."
    )


def test_where_there_are_journeys_their_turns_are_told_beside_the_plan(make_run: Make):
    """Each turn here is a journey of four requests, one in 200 ms."""
    endpoint = np.tile(np.array(["search", "look", "look again", "order"]), 300)
    facts = {"turn_starts": ("search",), "plan": Plan((0.0, 60.0), (), (5.0, 5.0), 300.0)}
    load = drawn(busy(make_run, quiet(), endpoint=endpoint, facts=facts))["load"]
    assert load.title == "The load reached 5 turns/s"
    assert "1,200 requests were sent" in load.figures
    assert "the plan's highest rate was 5 turns a second" in load.figures
    assert load.picture is not None
    assert "turns/s" in load.picture.wide


@pytest.mark.parametrize(
    ("offered", "title"),
    [
        (None, "The load reached 10 users and 20 requests/s"),
        (1.0, "The planned load was offered in full, up to 10 users and 20 requests/s"),
        (0.97, "97 % of the planned load was offered, up to 10 users and 20 requests/s"),
        (0.82, "Only 82 % of the planned load was offered; it reached 10 users and 20 requests/s"),
    ],
)
def test_load_is_told_beside_its_plan(make_run: Make, offered: float | None, title: str):
    run = busy(
        make_run,
        10.0,
        facts={"offered": offered},
        telemetry={("generator", "users"): [(0.0, 10.0)]},
    )
    assert titles(run)["load"] == title


def test_requests_that_were_never_sent_are_told_apart(make_run: Make):
    run = make_run(
        100,
        outcome=["ok"] * 90 + ["dropped"] * 10,
        sent_s=[i / 10 if i < 90 else None for i in range(100)],
        latency_ms=[10.0 if i < 90 else None for i in range(100)],
    )
    figures = drawn(run)["load"].figures
    assert figures.startswith("90 requests were sent in 10 s, 9 a second on average")
    assert figures.endswith("10 requests were never sent.")


def test_percentiles_tell_within_which_time_nearly_all_answers_came(make_run: Make):
    run = make_run(1000, latency_ms=np.arange(1.0, 1001.0))
    chart = drawn(run)["percentiles"]
    assert chart.title == "99 % of answers came within 990 ms, the slowest took 1,000 ms"
    assert chart.figures == (
        "Latency: p50 500 ms, p90 900 ms, p95 950 ms, p99 990 ms, p99.9 999 ms, "
        "slowest 1,000 ms, of 1,000 answers."
    )


def test_latency_and_service_time_are_told_apart_where_requests_waited_to_be_sent(make_run: Make):
    run = make_run(1000, latency_ms=np.arange(1.0, 1001.0), service_ms=5.0)
    chart = drawn(run)["percentiles"]
    assert chart.title == (
        "99 % of answers came within 990 ms of when they were due, within 5 ms of when they were sent"
    )
    assert "Service time: p50 5 ms" in chart.figures
    assert chart.picture is not None
    assert ">service</text>" in chart.picture.wide


def test_warm_up_is_left_out_of_the_percentiles(make_run: Make):
    stages = (Stage("warm-up", 0, 10, judged=False), Stage("steady", 10, 20))
    run = make_run(
        200,
        latency_ms=[900.0] * 100 + [10.0] * 100,
        stage=["warm-up"] * 100 + ["steady"] * 100,
        facts={"stages": stages, "planned_s": 20.0, "ended_s": 20.0},
    )
    assert titles(run)["percentiles"] == "99 % of answers came within 10 ms, the slowest took 10 ms"


def test_the_heat_map_tells_where_most_answers_lie_and_how_many_are_far_off(make_run: Make):
    latency_ms = np.tile([5.0] * 10 + [10.0] * 10, 50)
    latency_ms[[3, 400]] = 90.0
    run = make_run(1000, latency_ms=latency_ms)
    assert titles(run)["heatmap"] == (
        "Nine in ten answers took 5 ms to 10 ms; 2 answers took more than three times as long"
    )


def test_every_answer_is_in_a_cell_of_the_heat_map():
    rng = np.random.default_rng(1)
    starts_s = np.sort(rng.uniform(0, 97, 5000))
    counts = _count_cells(starts_s, rng.lognormal(2, 1, 5000), 97.0, 2.0, (0.1, 500.0))
    assert counts.sum() == 5000
    assert counts.shape[1] == 49


def test_failures_are_told_by_reason_the_most_frequent_first(make_run: Make):
    run = make_run(
        1000,
        outcome=["ok"] * 986 + ["timeout"] * 12 + ["http_5xx"] * 2,
        status=[200] * 986 + [0] * 12 + [502] * 2,
    )
    chart = drawn(run)["failures"]
    assert chart.title == "14 of 1,000 requests (1.4 %) failed: 12 × timeout and 2 × HTTP 502"
    assert chart.figures == "The first started 1 min 39 s into the run, the last 1 min 40 s."


def test_outcomes_the_scenario_expects_are_no_failures_in_the_title(make_run: Make):
    run = make_run(
        100,
        outcome=["ok"] * 90 + ["shed"] * 10,
        status=[200] * 90 + [503] * 10,
        facts={"expected": ("shed",)},
    )
    assert titles(run)["failures"] == (
        "10 of 100 requests (10 %) did not succeed, all as the scenario expects: "
        "10 × shed (503 with Retry-After)"
    )


def test_a_run_without_failures_says_so_and_draws_nothing(make_run: Make):
    chart = drawn(make_run(742))["failures"]
    assert chart.title == "None of 742 requests failed"
    assert chart.picture is None


@pytest.mark.parametrize("key", ["latency", "percentiles", "heatmap"])
def test_without_an_answer_there_is_a_sentence_instead_of_a_plot(make_run: Make, key: str):
    chart = drawn(make_run(60, outcome="refused", status=0))[key]
    assert chart.picture is None
    assert "succeeded" in chart.title


ODD: dict[str, dict[str, Any]] = {
    "no request": {"count": 0},
    "one request": {"count": 1},
    "all failed": {"count": 50, "outcome": "refused", "status": 0},
    "answered in no time": {"count": 50, "latency_ms": 0.0},
    "no stages, no plan, no objectives": {
        "count": 50,
        "facts": {"stages": (), "plan": Plan(), "objectives": (), "planned_s": None},
    },
    "killed before it could say when it ended": {
        "count": 50,
        "facts": {"ended_s": None, "planned_s": 900.0, "stages": (Stage("steady", 0, 900),)},
    },
    "3 s": {"count": 30},
    "10 h and 200 stages": {
        "count": 4000,
        "intended_s": np.arange(4000) * 9.0,
        "stage": [f"soak-{i // 20}" for i in range(4000)],
        "facts": {
            "stages": tuple(Stage(f"soak-{i}", i * 180.0, i * 180.0 + 180) for i in range(200)),
            "planned_s": 36_000.0,
            "ended_s": 36_000.0,
        },
    },
    "only warm-up": {"count": 50, "facts": {"stages": (Stage("steady", 0, 5, judged=False),)}},
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_runs_are_drawn_sensibly(make_run: Make, odd: str):
    parameters = dict(ODD[odd])
    for chart in drawn(make_run(parameters.pop("count"), **parameters)).values():
        assert chart.title
        assert "nan" not in chart.title + chart.figures
        if chart.picture is not None:
            for svg in (chart.picture.narrow, chart.picture.wide):
                ET.fromstring(svg)
                assert "nan" not in svg
                assert len(svg) < 200_000


def all_svg(run: Run) -> list[str]:
    pictures = [chart.picture for chart in drawn(run).values()]
    return [svg for picture in pictures if picture for svg in (picture.narrow, picture.wide)]


def test_pictures_take_every_colour_from_the_page_and_refer_to_nothing_outside(make_run: Make):
    run = make_run(400, outcome=["ok"] * 396 + ["timeout"] * 4)
    for svg in all_svg(run):
        assert "var(--" in svg
        assert not re.search(r"(?:fill|stroke): #", svg)
        assert "url(" not in svg
        assert "http" not in svg
        assert "<style" not in svg
        assert "font-family" not in svg


def test_ids_in_pictures_are_unique_on_the_page(make_run: Make):
    latency_ms = [10.0 if i % 40 == 0 else None for i in range(400)]
    run = make_run(400, latency_ms=latency_ms, outcome=["ok" if v else "reset" for v in latency_ms])
    ids = re.findall(r' id="([^"]+)"', "".join(all_svg(run)))
    assert ids
    assert len(ids) == len(set(ids))


def test_the_same_run_gives_the_same_pictures(make_run: Make):
    assert all_svg(make_run(300)) == all_svg(make_run(300))


def test_names_from_outside_are_text_and_nothing_else(make_run: Make):
    name = "$\\frac{1}{2}$ <script>alert('#fe0103 <!-- 1.23456')</script>"
    run = make_run(
        50,
        stage=name,
        outcome=["ok"] * 49 + ["odd <b>#fe0104</b>"],
        facts={"stages": (Stage(name, 0, 5),)},
    )
    told = "".join(all_svg(run))
    assert "<script" not in told
    assert "<b>" not in told
    assert "odd &lt;b&gt;#fe0104&lt;/b&gt;" in told
    assert "$\\frac{1}{2}$ &lt;script&gt;" in told


def test_warm_up_is_hatched_and_other_stages_are_not(make_run: Make):
    def lines(judged: bool) -> int:
        facts = {"stages": (Stage("first", 0, 5, judged=judged), Stage("steady", 5, 10))}
        chart = drawn(make_run(100, facts=facts))["latency"]
        assert chart.picture is not None
        return chart.picture.wide.count("var(--hatch)")

    assert lines(judged=False) > 20
    assert lines(judged=True) == 0


def test_drawing_leaves_matplotlib_as_it_was():
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw_picture("empty", lambda figure, page: set_height(figure, page, 100))
    assert dict(matplotlib.rcParams) == before


def test_the_limit_is_drawn_and_labelled(make_run: Make):
    chart = drawn(make_run(100))["latency"]
    assert chart.picture is not None
    assert ">p99 limit 100 ms</text>" in chart.picture.narrow


def test_an_objective_about_any_window_is_drawn_with_its_worst_one(make_run: Make):
    """Its limit is no limit on the windows of the plot, so the title leaves it alone."""
    latency_ms = quiet()
    latency_ms[20 * 30 : 20 * 35] = 300.0
    objectives = ("p90 latency <= 200 ms in any 10 s",)
    run = busy(make_run, latency_ms, facts={"objectives": objectives})
    chart = drawn(run)["latency"]
    assert chart.title == "p99 reached 300 ms in its worst second, at 30 s"
    assert chart.figures.endswith(
        "In its worst 10 s, from 22 s on, p90 was 300 ms; the limit for any such stretch is 200 ms."
    )
    assert chart.picture is not None
    assert "p90 limit 200 ms in any 10 s" in chart.picture.wide
    assert "p90 300 ms in its worst 10 s" in chart.picture.wide
    judged = judge_run(run).objectives[0]
    assert judged.at_s == 22.0
    assert judged.message == ("p90 latency in any 10 s was 300 ms, limit 200 ms, in the 10 s from 22 s on.")


def paced(make_run: Make, users: tuple[int, ...], stage_s: float = 6.0) -> Run:
    """Short stages of users who send one request a second each, so that few windows fit into a stage."""
    stages = tuple(Stage(f"s{i}", i * stage_s, (i + 1) * stage_s) for i in range(len(users)))
    starts_s = np.sort(
        np.concatenate([i * stage_s + (np.arange(int(n * stage_s)) + 0.5) / n for i, n in enumerate(users)])
    )
    levels = tuple(float(n) for n in users for _ in (0, 1))
    t_s = tuple(t for i in range(len(users)) for t in (i * stage_s, (i + 1) * stage_s - 0.01))
    end_s = len(users) * stage_s
    return make_run(
        len(starts_s),
        intended_s=starts_s,
        stage=[stages[int(start // stage_s)].name for start in starts_s],
        telemetry={("generator", "users"): [(i * stage_s, float(n)) for i, n in enumerate(users)]},
        facts={
            "stages": stages,
            "plan": Plan(t_s, levels, levels, float(len(starts_s))),
            "planned_s": end_s,
            "ended_s": end_s,
            "offered": 1.0,
        },
    )


def test_the_rate_at_the_plans_peak_is_not_smoothed_by_windows_longer_than_its_stage(make_run: Make):
    """150 requests in 54 s make latency windows of 10 s; the peak lasts for 6."""
    chart = drawn(paced(make_run, (1, 2, 3, 4, 5, 4, 3, 2, 1)))["load"]
    assert chart.title == "The planned load was offered in full, up to 5 users and 5 requests/s"
    assert "in windows of 2 s" in chart.reading


def test_random_arrivals_are_told_by_their_rate_and_not_by_their_busiest_second(make_run: Make):
    starts_s = np.sort(np.random.default_rng(8).uniform(0, 60, 6000))
    facts = {"offered": 1.0, "plan": Plan((0.0, 60.0), (), (100.0, 100.0), 6000.0)}
    assert titles(make_run(6000, intended_s=starts_s, facts=facts))["load"] == (
        "The planned load was offered in full, up to 100 requests/s"
    )


def test_a_peak_too_short_for_a_rate_is_told_by_the_busiest_window(make_run: Make):
    """A ramp is at its peak for an instant."""
    starts_s = 60 * np.sqrt(np.arange(600) / 600)
    facts = {"offered": 1.0, "plan": Plan((0.0, 60.0), (), (0.0, 20.0), 600.0)}
    run = make_run(600, intended_s=starts_s, facts=facts)
    assert titles(run)["load"] == "The planned load was offered in full, up to 19.5 requests/s"


def test_requests_just_after_the_plan_make_neither_a_window_nor_a_headline(make_run: Make) -> None:
    """One slow request that a user began as the plan ended is told of the last window of the plan."""
    facts = {"planned_s": 60.0, "ended_s": 60.04, "stages": (Stage("steady", 0.0, 60.0),)}
    intended_s = [*(i / 10 for i in range(600)), 60.03]
    latency_ms = [10.0] * 600 + [90.0]
    run = make_run(601, intended_s=intended_s, latency_ms=latency_ms, facts=facts)
    summary = summarise(run)
    data = ChartData(run, summary, judge_run(run, summary.stages))
    assert data.axis.end_s == 60.0
    assert data.windows.middle_s[-1] < 60.0
    assert data.windows.answers.sum() == 601
    assert "at 60 s" not in draw_latency(data).title
