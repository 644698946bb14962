"""The page as people see it: in a real browser, on a telephone and on a desk, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.page import render_report

pytestmark = [pytest.mark.real, pytest.mark.extended]

Make = Callable[..., Run]
VIEWS = [(width, scheme) for width in (390, 1400) for scheme in ("light", "dark")]
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>"

TEXTS = """() => [...document.querySelectorAll("svg.plot")].flatMap(
  svg => {
    if (!svg.getClientRects().length) return [];
    const frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll("text")].map(text => {
      const box = text.getBoundingClientRect();
      return {
        plot: svg.getAttribute("aria-label"), words: text.textContent,
        px: parseFloat(getComputedStyle(text).fontSize) * scale,
        left: box.left, right: box.right, y: text.getAttribute("y"),
        inside: box.left >= frame.left - 1 && box.right <= frame.right + 1
          && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1,
      };
    });
  })"""


def staged(make_run: Make) -> Run:
    """Nine stages, as the reference scenario has them, with some trouble in the middle."""
    users = (1, 2, 3, 4, 5, 4, 3, 2, 1)
    stages = tuple(Stage(f"{n} users", i * 30.0, i * 30.0 + 30) for i, n in enumerate(users))
    rng = np.random.default_rng(2)
    starts_s = np.sort(np.concatenate([i * 30 + rng.uniform(0, 30, 30 * n) for i, n in enumerate(users)]))
    count = len(starts_s)
    outcome = np.where(rng.random(count) < 0.03, "timeout", "ok")
    plan = tuple(float(n) for n in users for _ in (0, 1))
    return make_run(
        count,
        intended_s=starts_s,
        latency_ms=np.where(outcome == "ok", rng.lognormal(2, 0.5, count), 1000.0),
        outcome=list(outcome),
        endpoint=[NASTY if i % 3 else "prediction" for i in range(count)],
        stage=[stages[int(start // 30)].name for start in starts_s],
        telemetry={("generator", "users"): [(i * 30.0, float(n)) for i, n in enumerate(users)]},
        facts={
            "stages": stages,
            "planned_s": 270.0,
            "ended_s": 270.0,
            "offered": 1.0,
            "plan": Plan(tuple(t for i in range(9) for t in (i * 30.0, i * 30.0 + 29.99)), plan, plan, 750.0),
            "objectives": (
                "p99 latency <= 100 ms",
                "error rate <= 0 %",
                "peak throughput >= 5 requests/s",
                "p95 latency <= 50 ms during 5 users",
            ),
            "note": NASTY * 3,
            "host": "http://a-service-with-a-very-long-name.in-some-namespace.svc.cluster.local:8000/"
            + "x" * 80,
            "resolved": {"a": ["b" * 300]},
        },
    )


def open_model(make_run: Make) -> Run:
    """A warm-up, an overload, requests shed and dropped, service time apart from latency, odd names."""
    rng = np.random.default_rng(4)
    count = 6000
    starts_s = np.sort(rng.uniform(0, 120, count))
    waited_ms = np.where((starts_s > 60) & (starts_s < 90), (starts_s - 60) * 30, 0)
    service_ms = rng.lognormal(2.5, 0.4, count)
    outcome = np.where((waited_ms > 300) & (rng.random(count) < 0.3), "shed", "ok")
    outcome = np.where((waited_ms > 600) & (rng.random(count) < 0.1), "dropped", outcome)
    names = ("warm-up", "steady", "overload " + NASTY, "recovery")
    stages = tuple(
        Stage(name, start, end, judged=name != "warm-up")
        for name, start, end in zip(names, (0, 10, 60, 90), (10, 60, 90, 120), strict=True)
    )
    return make_run(
        count,
        intended_s=starts_s,
        latency_ms=service_ms + waited_ms,
        service_ms=service_ms,
        outcome=list(outcome),
        status=[503 if name == "shed" else 200 for name in outcome],
        stage=[names[int(np.searchsorted((10, 60, 90), start, side="right"))] for start in starts_s],
        trace_id=["4bf92f3577b34da6a3ce929d0e0e4736"] * count,
        facts={
            "model": "open",
            "stages": stages,
            "planned_s": 120.0,
            "ended_s": 120.0,
            "plan": Plan((0.0, 120.0), (), (50.0, 50.0), 6000.0),
            "expected": ("shed",),
            "objectives": ("p99 latency <= 200 ms", "p50 latency <= 30 ms"),
        },
    )


def soak(make_run: Make) -> Run:
    """Ten hours in 200 stages, with a fault of the generator."""
    return make_run(
        4000,
        intended_s=np.arange(4000) * 9.0,
        latency_ms=np.random.default_rng(6).lognormal(2, 0.4, 4000),
        stage=[f"soak-{i // 20}" for i in range(4000)],
        facts={
            "stages": tuple(Stage(f"soak-{i}", i * 180.0, i * 180.0 + 180) for i in range(200)),
            "planned_s": 36_000.0,
            "ended_s": 36_000.0,
            "faults": ("A worker was lost after 3 h.",),
        },
    )


def nothing(make_run: Make) -> Run:
    """A run in which the service never answered."""
    return make_run(60, outcome="refused", status=0, facts={"interrupted": "SIGINT", "ended_s": 4.0})


def watched(make_run: Make) -> Run:
    """Nine stages of a service that tells where the time goes and is observed; it freezes once."""
    rng = np.random.default_rng(9)
    count = 9000
    starts_s = np.sort(rng.uniform(0, 90, count))
    stages = tuple(Stage(f"stage {i + 1}", i * 10.0, i * 10.0 + 10, judged=i > 0) for i in range(9))
    queue_ms = rng.exponential(0.2 + (starts_s // 10) ** 2 / 4, count)
    inference_ms = rng.lognormal(-1, 0.3, count)
    seconds = [second + 0.5 for second in range(90) if not 40 <= second < 44]
    told = {
        ("service", "readiness"): [0.0 if 44 <= second < 46 else 1.0 for second in seconds],
        ("service", "probe_ms"): rng.lognormal(0, 0.4, len(seconds)),
        ("service", "cpu_percent"): rng.uniform(80, 120, len(seconds)),
        ("service", "queue_depth"): rng.integers(0, 1600, len(seconds)),
        ("service", "batch_size"): rng.uniform(1, 32, len(seconds)),
        ("service", "memory_mib"): np.linspace(180, 12_000, len(seconds)),
        ("worker 1", "cpu_percent"): rng.uniform(10, 99, len(seconds)),
        ("worker 2", "cpu_percent"): rng.uniform(10, 99, len(seconds)),
        ("worker 1", "waiting_percent"): rng.uniform(0, 30, len(seconds)),
        ("worker 1", "loop_lag_ms"): rng.lognormal(2, 1, len(seconds)),
    }
    return make_run(
        count,
        intended_s=starts_s,
        latency_ms=queue_ms + inference_ms + rng.lognormal(0, 0.5, count) + 0.5,
        service_ms=queue_ms + inference_ms + 0.4,
        queue_ms=queue_ms,
        inference_ms=inference_ms,
        batch_size=8.0,
        stage=[stages[int(start // 10)].name for start in starts_s],
        telemetry={key: list(zip(seconds, map(float, values), strict=True)) for key, values in told.items()},
        facts={"stages": stages, "planned_s": 90.0, "ended_s": 90.0, "model": "open"},
    )


RUNS = {
    "staged": staged,
    "open model": open_model,
    "soak": soak,
    "watched": watched,
    "nothing answered": nothing,
}


@pytest.fixture
def visit(browser: Any, tmp_path: Path, make_run: Make) -> Iterator[Callable[..., Any]]:
    """`visit(run, width, scheme)`: the run's report in a window; it fails on any message or request."""
    noise: list[str] = []
    contexts = []

    def go(name: str, width: int, scheme: str) -> Any:
        run = RUNS[name](make_run)
        file = tmp_path / "report.html"
        file.write_text(render_report(run, summarise(run), judge_run(run)), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: noise.append(f"error: {error}"))
        page.on("dialog", lambda dialog: noise.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: noise.append(f"request: {request.url}"))
        page.goto(file.as_uri())
        assert noise == [f"request: {file.as_uri()}"]
        noise.clear()
        return page

    yield go
    for context in contexts:
        context.close()
    assert noise == []


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_the_page_fits_its_window_and_its_plots_can_be_read(visit, name, width, scheme):
    page = visit(name, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    texts = page.evaluate(TEXTS)
    assert texts
    assert min(text["px"] for text in texts) >= 10
    assert [text for text in texts if not text["inside"]] == []
    for one in texts:
        for other in texts:
            same_line = one["plot"] == other["plot"] and one["y"] == other["y"]
            if same_line and one["left"] < other["left"]:
                assert one["right"] <= other["left"] + 1, (one["words"], other["words"])


@pytest.mark.parametrize("name", ["staged", "open model"])
def test_no_window_is_too_narrow_for_the_page(visit, name):
    page = visit(name, 1400, "light")
    for width in (320, 390, 600, 839, 841, 979, 981, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_what_was_observed_and_told_by_the_service_has_plots_of_its_own(visit):
    page = visit("watched", 1400, "light")
    assert page.locator("svg.plot:visible").count() == 7
    for key in ("beside", "where", "generator"):
        assert page.locator(f"#{key} svg.plot:visible").count() == 1
    assert page.locator("#where details table").count() == 1


def test_plots_change_from_narrow_to_wide_and_are_named_once_each(visit):
    for width, shown in ((390, "narrow"), (1400, "wide")):
        page = visit("staged", width, "light")
        visible = page.locator("svg.plot:visible")
        assert visible.count() == 5
        assert page.locator(f"svg.plot.{shown}:visible").count() == 5
        for index in range(5):
            name = visible.nth(index).get_attribute("aria-label")
            assert page.get_by_role("img", name=name, exact=True).count() == 1


@pytest.mark.parametrize("width", [390, 1400])
def test_tables_stay_tables_for_a_screen_reader(visit, width):
    page = visit("staged", width, "light")
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    stages = page.locator("#stages")
    assert stages.get_by_role("table").count() == 1
    assert stages.get_by_role("rowheader").count() == 9
    assert stages.get_by_role("cell").count() == 9 * stages.get_by_role("columnheader").count() - 9


def test_the_page_and_its_plots_follow_the_colour_scheme(visit):
    seen = {}
    for scheme in ("light", "dark"):
        page = visit("staged", 1400, scheme)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        ink = page.evaluate(
            "getComputedStyle([...document.querySelectorAll('#latency svg.wide text')]"
            ".find(text => text.textContent === 'p99')).fill"
        )
        seen[scheme] = (ground, ink)
    assert seen == {
        "light": ("rgb(255, 255, 255)", "rgb(27, 31, 36)"),
        "dark": ("rgb(20, 24, 29)", "rgb(238, 241, 244)"),
    }


def test_the_printed_page_is_light_and_has_the_wide_plots(visit):
    page = visit("staged", 390, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("svg.plot.wide:visible").count() == 5
    assert page.locator("svg.plot.narrow:visible").count() == 0
