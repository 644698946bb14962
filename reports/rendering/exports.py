"""The verdict and the figures as text for other programs: CSV, JUnit and Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from reports.data.facts import Facts
from reports.data.quantities import NOTHING, beside, counted, duration, exact, interval, number, with_unit
from reports.figures.summary import Summary
from reports.judging.judgement import Judgement
from reports.judging.stages import StageJudgement
from reports.judging.verdict import Verdict
from reports.rendering.columns import TableColumn, format_each, tabulate
from reports.rendering.csv_rows import STATS_COLUMNS, TIMELINE_NAMES, CsvValue, stats_rows, timeline_rows
from reports.rendering.stages import STAGE_COLUMNS
from reports.rendering.terminal import failure_lines, unsaid_reasons
from reports.rendering.text_table import format_markdown
from reports.rendering.verdict_json import verdict_json

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"([\\`*_\[\]|~#!$])")
_SIGNS = {"pass": "✅", "fail": "❌", "invalid": "⚠️", "met": "✅", "missed": "❌", "unproven": "❔"}


def stats_csv(summary: Summary, verdict: Verdict) -> str:
    """Endpoint × stage with totals; latencies in ms, unrounded."""
    rows = ([column.value(row) for column in STATS_COLUMNS] for row in stats_rows(summary, verdict))
    return _csv([column.name for column in STATS_COLUMNS], rows)


def timeline_csv(summary: Summary) -> str:
    """One row a second; empty where nothing was planned or observed."""
    return _csv(TIMELINE_NAMES, timeline_rows(summary.timeline))


def junit_xml(verdict: Verdict, facts: Facts, duration_s: float) -> str:
    """One test case an objective: missed is a failure, unproven is skipped, an invalid run is an error."""
    cases = [_case(facts, judgement, verdict) for judgement in verdict.objectives]
    if verdict.verdict == "invalid":
        case = ElementTree.Element("testcase", classname=_xml(facts.scenario), name="the run is valid")
        error = ElementTree.SubElement(case, "error", message=_xml(verdict.sentence))
        error.text = _xml("\n".join(verdict.reasons))
        cases.append(case)
    counts = {
        kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")
    }
    suite = ElementTree.Element(
        "testsuite",
        name=_xml(f"load test {facts.scenario}"),
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{duration_s:.3f}",
        timestamp=_xml(facts.started_at),
        hostname=_xml(facts.host),
    )
    suite.extend(cases)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(facts: Facts, judgement: Judgement, verdict: Verdict) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_xml(facts.scenario), name=_xml(judgement.text))
    out = ElementTree.Element("system-out")
    out.text = _xml(_figures_of(judgement))
    if verdict.verdict == "invalid":
        ElementTree.SubElement(case, "error", message=_xml(verdict.sentence)).text = _xml(judgement.message)
    elif judgement.outcome == "missed" or (judgement.outcome == "unproven" and facts.require_proof):
        ElementTree.SubElement(case, "failure", message=_xml(judgement.message))
    elif judgement.outcome == "unproven":
        ElementTree.SubElement(case, "skipped", message=_xml(judgement.message))
    case.append(out)
    return case


def _figures_of(judgement: Judgement) -> str:
    """What was observed, how sure that is, and the limit, on a line."""
    parts = [f"observed {_observed(judgement)}"]
    if judgement.interval is not None:
        parts.append(f"{number(judgement.confidence * 100)} % interval {_interval(judgement)}")
    limit = with_unit(exact(judgement.limit), judgement.unit)
    return ", ".join([*parts, f"limit {limit}", counted(judgement.samples, "sample")])


def _observed(judgement: Judgement) -> str:
    if judgement.observed is None:
        return NOTHING
    return with_unit(beside(judgement.observed, judgement.limit), judgement.unit)


def summary_md(verdict: Verdict, summary: Summary, facts: Facts, report: str = "report.html") -> str:
    """What a CI job's summary page shows: the verdict, the objectives, the stages, where the report is."""
    parts = [f"## {_SIGNS[verdict.verdict]} Load test {_md(facts.scenario)}", _md(verdict.sentence)]
    if reasons := unsaid_reasons(verdict.verdict, verdict.sentence, verdict.reasons):
        parts.append("\n".join(f"- {_md(reason)}" for reason in reasons))
    if verdict.objectives:
        parts.append(_objectives_md(verdict.objectives))
    if verdict.failures:
        told = failure_lines(verdict_json(verdict)["failures"])
        parts.append("Failed requests:\n\n" + "\n".join(f"- {_md(line.strip())}" for line in told))
    if verdict.stages:
        parts.append(_stages_md(verdict.stages))
    load = (
        f"{counted(summary.total.requests, 'request')} to {_md(facts.host)} in {duration(summary.duration_s)}"
    )
    parts.append(f"{load}. The whole story is in [{_md(report)}]({report}).")
    return "\n\n".join(parts) + "\n"


def _objectives_md(judgements: Sequence[Judgement]) -> str:
    columns = _objective_columns(f"{number(judgements[0].confidence * 100)} % interval")
    return format_markdown(*tabulate(columns, judgements))


def _objective_columns(interval_title: str) -> tuple[TableColumn[Judgement], ...]:
    return (
        TableColumn("objective", format_each(lambda judged: _md(judged.text)), kind="row heading"),
        TableColumn("observed", format_each(_observed)),
        TableColumn(interval_title, format_each(_interval), kind="interval"),
        TableColumn("limit", format_each(lambda judged: with_unit(exact(judged.limit), judged.unit))),
        TableColumn("samples", format_each(lambda judged: f"{judged.samples:,}")),
        TableColumn(
            "outcome",
            format_each(lambda judged: f"{_SIGNS[judged.outcome]} {judged.outcome}"),
            kind="outcome",
        ),
    )


def _interval(judgement: Judgement) -> str:
    return interval(judgement.interval, judgement.unit, provable=judgement.provable)


def _stages_md(stages: Sequence[StageJudgement]) -> str:
    columns, rows = tabulate(STAGE_COLUMNS, stages)
    return format_markdown(columns, [[_md(cell) for cell in row] for row in rows])


def _csv(names: Sequence[str], rows: Iterable[Sequence[CsvValue]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: CsvValue) -> CsvValue:
    """A spreadsheet runs text that begins like a formula; an apostrophe makes it text again."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")
    return f"'{text}" if value.startswith(_FORMULA) else text


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)


def _md(text: str) -> str:
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", plain)
