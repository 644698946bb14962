"""Renders the report of a run as a single HTML page without scripts, requests and fonts."""

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
from reports.data.quantities import format_count, format_duration, format_number, format_start
from reports.data.run import Run
from reports.figures.generator import describe_generator_health, measure_generator_health
from reports.figures.replayed import describe_replayed_records
from reports.figures.schema_share import describe_schema_share
from reports.figures.summary import Summary
from reports.judging.methods import describe_methods
from reports.judging.verdict import Verdict
from reports.rendering.breakdown_table import build_breakdown_table
from reports.rendering.objectives_table import build_objective_table
from reports.rendering.page_tables import (
    build_endpoint_table,
    build_failure_table,
    build_kept_table,
    build_stage_table,
)
from reports.rendering.size_table import build_size_table
from reports.rendering.slow_table import build_slow_table
from reports.rendering.slowest_table import build_slowest_table

_WORDS = {"pass": "Passed", "fail": "Failed", "invalid": "Invalid"}
_TEMPLATES = Path(__file__).parent / "templates"


def render_report(run: Run, summary: Summary, verdict: Verdict) -> str:
    """The page; all text from outside the suite is escaped."""
    facts = run.facts
    word, sentence = _split_sentence(verdict)
    return (
        load_templates()
        .get_template("report.html")
        .render(
            facts=facts,
            verdict=verdict,
            word=word,
            sentence=sentence,
            reasons=_select_reasons(verdict),
            started=format_start(facts.started_at),
            about=_list_summary(run, summary),
            style=fill_style_sheet(),
            objectives=build_objective_table(verdict),
            stages=build_stage_table(verdict),
            endpoints=build_endpoint_table(summary),
            charts=charts.draw_charts(run, summary, verdict),
            where=build_breakdown_table(summary),
            sizes=build_size_table(summary),
            failures=build_failure_table(summary),
            kept=build_kept_table(run.failed),
            slowest=build_slowest_table(summary, facts.trace_link),
            slow=build_slow_table(run),
            known=_list_facts(run),
            methods=describe_methods(facts),
            resolved=json.dumps(facts.resolved, indent=2, ensure_ascii=False, default=str)
            if facts.resolved
            else "",
        )
    )


@cache
def load_templates() -> Environment:
    """The templates of pages, with their filters."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters["named"] = _name_picture
    environment.filters["together"] = _keep_units_together
    return environment


def fill_style_sheet() -> Markup:
    """The style sheet of all pages, with the colours of both schemes."""
    text = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    for scheme in ("light", "dark"):
        text = text.replace(f"{{{{ {scheme} }}}}", declare_variables(scheme))
    return Markup(text)  # noqa: S704 - our own file


def _name_picture(svg: str, title: str, described_by: str) -> Markup:
    """The picture with its accessible name and the id of the element that describes it."""
    attributes = f'role="img" aria-label="{escape(title)}" aria-describedby="{escape(described_by)}"'
    return Markup(svg.replace('role="img"', attributes, 1))  # noqa: S704 - drawn by us, its text escaped


def _keep_units_together(text: str) -> str:
    """The text without line breaks between a figure and its unit: 42 ms, 3 min 32 s."""
    unit = r"(?<=\d) (?=(?:ms|s|min|h|rows/s|requests/s)\b|%)|(?<=\d min) (?=\d)|(?<=\d h) (?=\d)"
    return re.sub(unit, "\N{NO-BREAK SPACE}", text)


def _split_sentence(verdict: Verdict) -> tuple[str, str]:
    """The word of the verdict, and the rest of its sentence."""
    word = _WORDS[verdict.verdict]
    rest = re.sub(rf"^{word}\b", "", verdict.sentence)
    return word, rest if rest != verdict.sentence else f": {verdict.sentence}"


def _select_reasons(verdict: Verdict) -> list[str]:
    """The reasons that neither the sentence of the verdict nor an objective contains, and the answers."""
    told = {judged.message for judged in verdict.objectives}
    answers = "".join(verdict.answers).lower()
    reasons = [reason for reason in verdict.reasons if reason not in told and reason not in verdict.sentence]
    return [*(reason for reason in reasons if reason.lower() not in answers), *verdict.answers]


def _list_summary(run: Run, summary: Summary) -> list[tuple[str, str]]:
    facts = run.facts
    lasted = format_duration(run.elapsed_s)
    if run.cut_short and facts.planned_s:
        lasted += f" of {format_duration(facts.planned_s)} planned"
    about = [
        ("Service", facts.host),
        ("Started", format_start(facts.started_at)),
        ("Lasted", lasted),
        ("Requests", format_count(len(run.samples), "request").partition(" ")[0]),
    ]
    if summary.total.requests != len(run.samples):
        about.append(("Judged", f"{summary.total.requests:,}"))
    if facts.capacity_per_s is not None:
        about.append(("Capacity", f"{format_number(facts.capacity_per_s)} requests/s, by the calibration"))
    about += [("Replayed", told) for told in describe_replayed_records(run)]
    if facts.description:
        about.append(("Scenario", facts.description))
    if facts.note:
        about.append(("Note", facts.note))
    return about


def _list_facts(run: Run) -> list[tuple[str, str]]:
    facts = run.facts
    model = {
        "closed": "closed: users wait for replies",
        "open": "open: arrivals do not wait for replies",
    }[facts.model]
    known = [
        ("Scenario", f"{facts.scenario}. {facts.description}" if facts.description else facts.scenario),
        ("Load model", model),
        ("Service", ", ".join([facts.host, *list_pairs(facts.service)])),
        ("Started", format_start(facts.started_at)),
        ("Seeds", ", ".join(list_pairs(facts.seeds))),
        ("Worker processes", str(facts.workers)),
        ("Generator's health", "; ".join(describe_generator_health(measure_generator_health(run)))),
        ("Held to their schema", describe_schema_share(run)),
        ("Time scale", f"{facts.time_scale:g}" if facts.time_scale != 1 else ""),
        ("Expected outcomes", ", ".join(facts.expected)),
        ("Versions", ", ".join(list_pairs(facts.versions))),
        ("Machine", ", ".join(list_pairs(facts.machine))),
        ("Git commit", facts.git_commit or ""),
        ("Note", facts.note),
    ]
    return [(name, value) for name, value in known if value]


def list_pairs(values: Any) -> list[str]:
    """Names with their values, as words."""
    return [f"{name} {value}" for name, value in values.items()]
