"""The report of a run as one HTML page that needs nothing but itself: no script, no request, no font."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from reports import charts
from reports.charts.palette import declare_variables
from reports.data.quantities import counted, duration
from reports.data.run import Run
from reports.figures.summary import Summary
from reports.judging import generator_health
from reports.judging.methods import methods
from reports.judging.verdict import Verdict
from reports.rendering.breakdown_table import breakdown_table
from reports.rendering.objectives_table import objective_table
from reports.rendering.page_tables import endpoint_table, failure_table, stage_table
from reports.rendering.slowest_table import slowest_table

_WORDS = {"pass": "Passed", "fail": "Failed", "invalid": "Invalid"}
_TEMPLATES = Path(__file__).parent / "templates"


def render(run: Run, summary: Summary, verdict: Verdict) -> str:
    """The page; all text from outside is escaped."""
    facts = run.facts
    word, sentence = _headline(verdict)
    return (
        _environment()
        .get_template("report.html")
        .render(
            facts=facts,
            verdict=verdict,
            word=word,
            sentence=sentence,
            reasons=_reasons(verdict),
            started=_moment(facts.started_at),
            about=_about(run, summary),
            style=_style(),
            objectives=objective_table(verdict),
            stages=stage_table(verdict),
            endpoints=endpoint_table(summary),
            charts=charts.draw_charts(run, summary, verdict),
            where=breakdown_table(summary),
            failures=failure_table(summary),
            slowest=slowest_table(summary, facts.trace_link),
            known=_known(run),
            methods=methods(facts),
            resolved=json.dumps(facts.resolved, indent=2, ensure_ascii=False, default=str)
            if facts.resolved
            else "",
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters["named"] = _named
    environment.filters["together"] = _together
    return environment


def _style() -> Markup:
    text = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    for scheme in ("light", "dark"):
        text = text.replace(f"{{{{ {scheme} }}}}", declare_variables(scheme))
    return Markup(text)  # noqa: S704 - our own file


def _named(svg: str, title: str, described_by: str) -> Markup:
    """A picture with its accessible name and the element that describes it."""
    attributes = f'role="img" aria-label="{escape(title)}" aria-describedby="{escape(described_by)}"'
    return Markup(svg.replace('role="img"', attributes, 1))  # noqa: S704 - drawn by us, its text escaped


def _together(text: str) -> str:
    """The text with its figures kept on one line with their units: 42 ms, 3 min 32 s."""
    unit = r"(?<=\d) (?=(?:ms|s|min|h|rows/s|requests/s)\b|%)|(?<=\d min) (?=\d)|(?<=\d h) (?=\d)"
    return re.sub(unit, "\N{NO-BREAK SPACE}", text)


def _headline(verdict: Verdict) -> tuple[str, str]:
    """The verdict's word, and its sentence from after that word on."""
    word = _WORDS[verdict.verdict]
    rest = re.sub(rf"^{word}\b", "", verdict.sentence)
    return word, rest if rest != verdict.sentence else f": {verdict.sentence}"


def _reasons(verdict: Verdict) -> list[str]:
    """What neither the verdict's sentence nor an objective already says."""
    told = {judged.message for judged in verdict.objectives}
    return [reason for reason in verdict.reasons if reason not in told and reason not in verdict.sentence]


def _moment(started_at: str) -> str:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)", started_at)
    return f"{found[1]} {found[2]} UTC" if found else started_at


def _about(run: Run, summary: Summary) -> list[tuple[str, str]]:
    facts = run.facts
    lasted = duration(run.elapsed_s)
    if run.cut_short and facts.planned_s:
        lasted += f" of {duration(facts.planned_s)} planned"
    about = [
        ("Service", facts.host),
        ("Started", _moment(facts.started_at)),
        ("Lasted", lasted),
        ("Requests", counted(len(run.samples), "request").partition(" ")[0]),
    ]
    if summary.total.requests != len(run.samples):
        about.append(("Judged", f"{summary.total.requests:,}"))
    if facts.description:
        about.append(("Scenario", facts.description))
    if facts.note:
        about.append(("Note", facts.note))
    return about


def _known(run: Run) -> list[tuple[str, str]]:
    facts = run.facts
    model = {
        "closed": "closed: users wait for replies",
        "open": "open: arrivals do not wait for replies",
    }[facts.model]
    known = [
        ("Scenario", f"{facts.scenario}. {facts.description}" if facts.description else facts.scenario),
        ("Load model", model),
        ("Service", ", ".join([facts.host, *_pairs(facts.service)])),
        ("Started", _moment(facts.started_at)),
        ("Seeds", ", ".join(_pairs(facts.seeds))),
        ("Worker processes", str(facts.workers)),
        ("Generator's health", "; ".join(generator_health.described(generator_health.health(run)))),
        ("Time scale", f"{facts.time_scale:g}" if facts.time_scale != 1 else ""),
        ("Expected outcomes", ", ".join(facts.expected)),
        ("Versions", ", ".join(_pairs(facts.versions))),
        ("Machine", ", ".join(_pairs(facts.machine))),
        ("Git commit", facts.git_commit or ""),
        ("Note", facts.note),
    ]
    return [(name, value) for name, value in known if value]


def _pairs(values: Any) -> list[str]:
    return [f"{name} {value}" for name, value in values.items()]
