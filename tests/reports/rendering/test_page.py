"""The page tells the verdict first, escapes what it did not write, and needs nothing but itself."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports import rendering
from reports.charts.palette import ROLES
from reports.data.facts import Stage
from reports.data.labels import Labels
from reports.data.run import Run
from reports.data.samples import Samples
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.objectives_table import build_objective_table
from reports.rendering.page import render_report

Make = Callable[..., Run]
NASTY = "<script>alert(1)</script>\" onload='x' {{ 7 * 7 }}"
VOID = {"meta", "link"}


def page(run: Run) -> str:
    return render_report(run, summarise(run), judge_run(run))


class Reader(HTMLParser):
    """Checks that tags nest, and keeps what a reader would find."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """An element opens."""
        assert len(attributes) == len(dict(attributes)), f"an attribute of <{tag}> is given twice"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        """An element closes: the one opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text, unless it is the style sheet."""
        if "style" not in self.open:
            self.words.append(data)

    def found(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of that name which have those wanted."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]

    @property
    def text(self) -> str:
        """All words of the page."""
        return " ".join(" ".join(self.words).split())


def troubled(make_run: Make, **facts: Any) -> Run:
    """A run with a warm-up, failures, two endpoints and names that try to be markup."""
    stages = (Stage("warm-up", 0, 10, judged=False), Stage(NASTY, 10, 40), Stage("calm", 40, 60))
    return make_run(
        600,
        stage=["warm-up"] * 100 + [NASTY] * 300 + ["calm"] * 200,
        endpoint=[NASTY, "prediction"] * 300,
        latency_ms=np.random.default_rng(3).lognormal(3, 0.5, 600),
        outcome=["ok"] * 580 + [NASTY] * 15 + ["timeout"] * 5,
        trace_id=[NASTY] * 600,
        facts={
            "stages": stages,
            "planned_s": 60.0,
            "ended_s": 60.0,
            "objectives": ("p99 latency <= 100 ms", "error rate <= 0 %", "p95 latency <= 1 s during calm"),
            "note": NASTY,
            "description": NASTY,
            "command": f"make loadtest SCENARIO={NASTY}",
            "resolved": {"name": NASTY, "objectives": ["p99 latency <= 100 ms"]},
            "service": {"model": NASTY, "version": NASTY},
            "machine": {"cpu": NASTY},
            "versions": {"locust": "2.47.0"},
            "seeds": {"payloads": 42},
            "git_commit": "0f1e2d3",
            "host": f"http://{NASTY}",
            **facts,
        },
    )


def test_the_verdict_is_the_one_heading_of_the_page(make_run: Make):
    run = make_run(1000)
    markup = page(run)
    heading = re.search(r"<h1>(.*?)</h1>", markup, re.S)
    assert heading
    assert " ".join(re.sub(r"<[^>]+>", "", heading[1]).split()) == judge_run(run).sentence
    assert len(Reader(markup).found("h1")) == 1


@pytest.mark.parametrize(
    ("facts", "latency_ms", "word", "tone"),
    [
        ({}, 10.0, "Passed", "pass"),
        ({}, 500.0, "Failed", "fail"),
        ({"faults": ("The generator was 97 % busy: use --processes 2.",)}, 10.0, "Invalid", "invalid"),
    ],
)
def test_the_verdict_differs_by_word_and_shape(make_run, facts, latency_ms, word, tone):
    markup = page(make_run(1000, latency_ms=latency_ms, facts=facts))
    top = markup[markup.index("<header>") : markup.index("</header>")]
    assert f'<span class="word">{word}</span>' in top
    assert f'class="verdict {tone}"' in top
    shapes = {"pass": "<circle", "fail": 'd="M6.3 1h7.4', "invalid": 'd="M10 1.5L19 18'}
    assert [name for name, shape in shapes.items() if shape in top] == [tone]


def test_an_invalid_run_says_before_any_figure_that_it_is_no_basis_for_a_decision(make_run: Make):
    text = Reader(page(make_run(1000, facts={"faults": ("A worker was lost.", "The clock jumped.")}))).text
    warning = text.index("no basis for a decision")
    assert warning < text.index("Objectives", warning)
    assert "A worker was lost." in text[: text.index("Service http")]
    assert "The clock jumped." in text[: text.index("Service http")]
    assert "in a run that is invalid" in text


def test_each_objective_stands_beside_its_limit_its_distance_and_its_proof(make_run: Make):
    latency_ms = np.random.default_rng(5).permutation(np.linspace(10, 43, 1000))
    run = make_run(1000, latency_ms=latency_ms)
    judged = judge_run(run).objectives[0]
    assert judged.interval is not None
    text = Reader(page(run)).text
    assert "p99 latency <= 100 ms met 42.7 ms 57 % below 100 ms" in text
    assert f"{judged.samples:,}" in text
    bar = Reader(page(run)).found("svg", **{"class": "bullet met"})
    assert [attributes["aria-label"] for attributes in bar] == ["42.7 ms observed, limit at most 100 ms"]


def test_an_objective_that_is_not_proven_says_how_many_samples_are_missing(make_run: Make):
    run = make_run(100)
    judged = judge_run(run).objectives[0]
    assert judged.outcome == "unproven"
    text = Reader(page(run)).text
    assert "unproven" in text
    assert judged.message in text


def test_the_stages_stand_in_their_order_with_warm_up_told_apart(make_run: Make):
    text = Reader(page(troubled(make_run))).text
    assert "1. warm-up" in text
    assert "not judged" in text
    assert text.index("1. warm-up") < text.index("2. <script>") < text.index("3. calm")


def test_each_stage_has_its_outcome_by_word_and_mark(make_run: Make):
    """Not by colour alone; what a stage missed is named beside it."""
    stages = (Stage("warm-up", 0, 10, judged=False), Stage("calm", 10, 60), Stage("busy", 60, 100))
    names = ["warm-up"] * 100 + ["calm"] * 500 + ["busy"] * 400
    latency_ms = [300.0 if name == "busy" else 10.0 for name in names]
    facts = {"stages": stages, "objectives": ("p99 latency <= 100 ms",)}
    markup = page(make_run(1000, stage=names, latency_ms=latency_ms, facts=facts))
    text = Reader(markup).text
    assert text.index("not judged") < text.index("2. calm") < text.index("3. busy")
    assert "missed: p99 latency" in text
    assert '<span class="outcome told missed"><svg' in markup.partition('id="stages"')[2]


def test_how_the_figures_are_made_is_told_with_sources(make_run: Make):
    text = Reader(page(make_run(50))).text
    for source in ("How these figures are made", "Clopper and Pearson", "Politis and White", "MLPerf"):
        assert source in text
    assert "could end early" not in text
    assert "windows begin" not in text
    more = {"early_end": True, "objectives": ("p99 latency <= 200 ms in any 10 s",)}
    text = Reader(page(make_run(50, facts=more))).text
    assert "could end early" in text
    assert "97.5" in text
    assert "windows begin" in text
    decided = Reader(page(make_run(50, facts={"early_end": True, "decided_s": 3.0}))).text
    assert "test martingale" in decided
    assert "Clopper and Pearson" not in decided


def test_the_stages_are_headed_by_the_worst_that_is_judged(make_run: Make):
    """Warm-up is slow, and is no finding."""
    stages = (Stage("warm-up", 0, 10, judged=False), Stage("low", 10, 20), Stage("high", 20, 30))
    names = ["warm-up"] * 100 + ["low"] * 100 + ["high"] * 100
    latency_ms = [900.0] * 100 + [10.0] * 100 + [20.0] * 100
    both = make_run(300, stage=names, latency_ms=latency_ms, facts={"stages": stages})
    assert "p99 was highest in “high”: 20 ms" in Reader(page(both)).text
    one = make_run(200, stage=names[:200], latency_ms=latency_ms[:200], facts={"stages": stages[:2]})
    assert "Stages p99 was 10 ms" in Reader(page(one)).text


def test_very_many_stages_are_folded_away(make_run: Make):
    stages = tuple(Stage(f"s{i}", i / 10, i / 10 + 0.1) for i in range(200))
    markup = page(make_run(200, stage=[f"s{i}" for i in range(200)], facts={"stages": stages}))
    assert "<summary>All 200 stages</summary>" in markup


def test_the_ten_slowest_requests_are_listed_with_when_they_started(make_run: Make):
    latency_ms = np.full(1000, 10.0)
    latency_ms[650] = 212.0
    text = Reader(page(make_run(1000, latency_ms=latency_ms))).text
    assert "The slowest request took 212 ms, 1 min 5 s into the run" in text
    assert "1:05.000 212.0 ok, 200" in text


def test_a_moment_near_the_start_is_told_with_no_more_digits_than_matter(make_run: Make):
    run = make_run(100, intended_s=0.00089 + np.arange(100) / 10, latency_ms=[212.0] + [10.0] * 99)
    text = Reader(page(run)).text
    assert "The slowest request took 212 ms, in the first second" in text
    assert "0:00.001 212.0 ok, 200" in text


def test_failures_are_placed_on_the_clock(make_run: Make):
    outcome = ["timeout", *["ok"] * 798, "timeout"]
    run = make_run(800, intended_s=0.00089 + np.arange(800) / 10, outcome=outcome)
    assert "timeout 2 0.25 % 0:00.001 1:19.901" in Reader(page(run)).text


def test_where_the_time_goes_is_a_plot_and_a_table(make_run: Make):
    text = Reader(page(make_run(1000, latency_ms=38.0, queue_ms=19.0, inference_ms=1.0))).text
    assert "Half of the p99 request's 38 ms was queueing" in text
    assert "all that is judged p99 38.00 19.00 1.00 18.00 – 1,000" in text


def test_the_facts_tell_how_to_run_it_again(make_run: Make):
    text = Reader(page(troubled(make_run, command="make loadtest SCENARIO=staged"))).text
    for fact in ("make loadtest SCENARIO=staged", "payloads 42", "locust 2.47.0", "0f1e2d3"):
        assert fact in text


def test_text_from_outside_stays_text(make_run: Make):
    reader = Reader(page(troubled(make_run)))
    assert reader.found("script") == []
    assert not [name for _, attributes in reader.elements for name in attributes if name.startswith("on")]
    assert reader.text.count("<script>alert(1)</script>") > 10
    assert "{{ 7 * 7 }}" in reader.text


def test_nothing_is_fetched_from_anywhere(make_run: Make):
    markup = page(troubled(make_run))
    reader = Reader(markup)
    for tag, attributes in reader.elements:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name, value)
    style = markup[markup.index("<style>") : markup.index("</style>")]
    assert "@import" not in style
    assert "url(" not in markup
    policy = reader.found("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy
    assert str(policy[0]["content"]).startswith("default-src 'none'")


def test_every_page_has_the_head_of_the_report():
    """So that none has a weaker policy than another (SECURITY.md)."""
    templates = Path(rendering.__file__).parent / "templates"
    pages = [path for path in templates.glob("*.html") if not path.name.startswith("_")]
    assert len(pages) >= 5
    for path in pages:
        assert path.read_text().startswith('{% extends "_page.html" %}'), path.name


def test_every_link_within_the_page_leads_somewhere(make_run: Make):
    reader = Reader(page(troubled(make_run)))
    ids = [str(attributes["id"]) for _, attributes in reader.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.elements:
        target = attributes.get("href") or ""
        named = [attributes.get(name) for name in ("aria-labelledby", "aria-describedby")]
        wanted = [target[1:]] if target.startswith("#") else []
        assert set(wanted + [name for name in named if name]) <= set(ids)


def test_a_screen_reader_finds_landmarks_captions_and_the_figures_of_each_plot(make_run: Make):
    reader = Reader(page(troubled(make_run)))
    for landmark in ("header", "nav", "main", "footer"):
        assert len(reader.found(landmark)) == 1
    assert len(reader.found("caption")) == len(reader.found("table")) == 5
    assert all(attributes.get("scope") in {"col", "row"} for attributes in reader.found("th"))
    plots = [
        attributes for attributes in reader.found("svg") if str(attributes.get("class")).startswith("plot")
    ]
    assert len(plots) == 10
    assert all(plot["role"] == "img" and plot["aria-label"] and plot["aria-describedby"] for plot in plots)
    assert reader.found("html", lang="en")


@pytest.mark.parametrize("count", [0, 1, 30])
def test_tiny_runs_make_a_whole_page(make_run: Make, count: int):
    reader = Reader(page(make_run(count)))
    assert "nan" not in reader.text.lower().split()
    assert "None" not in reader.text.replace("None of", "")


def test_a_run_without_stages_or_objectives_makes_a_whole_page(make_run: Make):
    text = Reader(page(make_run(50, facts={"stages": (), "objectives": ()}))).text
    assert "The scenario states no objective" in text


def test_the_same_run_gives_the_same_page(make_run: Make):
    assert page(troubled(make_run)) == page(troubled(make_run))


def many(run: Run, count: int) -> Run:
    """The run with its requests replaced by `count` of them over an hour, a few failed."""
    rng = np.random.default_rng(11)
    starts_s = np.sort(rng.uniform(0, 3600, count))
    latency_ms = rng.lognormal(2, 0.5, count)
    kept: dict[str, Any] = {
        field.name: getattr(run.samples, field.name) for field in dataclasses.fields(Samples)
    }
    for name, column in kept.items():
        if isinstance(column, Labels):
            kept[name] = Labels(np.zeros(count, dtype=np.int16), column.names)
        else:
            kept[name] = np.broadcast_to(column[:1], count)
    outcome = Labels((rng.random(count) < 0.001).astype(np.int16), ("ok", "timeout"))
    times = {"intended_s": starts_s, "sent_s": starts_s, "latency_ms": latency_ms, "service_ms": latency_ms}
    facts = dataclasses.replace(
        run.facts, stages=(Stage("steady", 0, 3600),), planned_s=3600.0, ended_s=3600.0
    )
    return dataclasses.replace(run, facts=facts, samples=Samples(**{**kept, **times, "outcome": outcome}))


def test_the_page_stays_small_however_many_requests_there_were(make_run: Make):
    few, lots = (len(page(many(make_run(1), count)).encode()) for count in (100_000, 2_000_000))
    assert lots < 400_000
    assert lots < 1.5 * few


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_stand_out_from_the_page(scheme: str):
    colours = {name: getattr(colour, scheme) for name, colour in ROLES.items()}
    texts = [name for name in colours if name.endswith("-text")] + ["ink", "muted"]
    for ground in ("page", "raised", "band"):
        for name in texts:
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    lines = ("p50", "p95", "p99", "load", "service", "met", "missed", "users", "queue", "inference", "rest")
    for name in lines:
        assert contrast(colours[name], colours["page"]) >= 3, name


def test_contrast_agrees_with_the_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_figure_is_not_torn_from_its_unit_at_the_end_of_a_line(make_run: Make):
    latency_ms = np.full(1000, 10.0)
    latency_ms[720] = 212.0
    told = "212\N{NO-BREAK SPACE}ms, 1\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}12\N{NO-BREAK SPACE}s"
    assert told in page(make_run(1000, latency_ms=latency_ms))


def test_a_limit_of_none_that_was_kept_stands_as_observed(make_run: Make) -> None:
    run = make_run(400, facts={"objectives": ("error rate <= 0 %",)})
    table = build_objective_table(judge_run(run))
    (row,) = table.rows
    cells = dict(zip((column.kind for column in table.columns), row.cells, strict=True))
    assert (row.outcome, cells["interval"]) == ("met", "as observed")
    assert row.bar is not None
    assert row.bar.interval is None


@pytest.mark.parametrize("model", ["closed", "open"])
def test_the_page_says_from_where_latency_runs(make_run: Make, model: str) -> None:
    """It is the intended start in either model; in the closed one that is the send."""
    told = " ".join(" ".join(Reader(page(make_run(40, facts={"model": model}))).words).split())
    assert "from the moment a request was meant to start to its last byte, service time from its" in told
    assert ("the two are the same" in told) == (model == "closed")
