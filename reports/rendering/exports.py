"""Formats verdict and figures for other programs: CSV, JUnit and Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from xml.etree import ElementTree

from reports.data.csv_cells import CsvValue, defuse_formula
from reports.data.facts import Facts
from reports.data.quantities import (
    NOTHING,
    add_unit,
    format_against_limit,
    format_count,
    format_duration,
    format_exact,
    format_interval,
    format_number,
)
from reports.figures.summary import Summary
from reports.judging.judgement import Judgement
from reports.judging.outcomes import EMOJI
from reports.judging.stages import StageJudgement
from reports.judging.verdict import Verdict
from reports.objectives.metrics import error_rate, errors
from reports.objectives.parsing import parse_objective
from reports.rendering.columns import TableColumn, format_each, tabulate
from reports.rendering.csv_rows import (
    STATS_COLUMNS,
    TIMELINE_NAMES,
    list_stats_rows,
    list_timeline_rows,
)
from reports.rendering.stages import STAGE_COLUMNS
from reports.rendering.terminal import (
    MOST_REASONS,
    describe_calibration,
    list_examples,
    list_failures,
    select_reasons,
)
from reports.rendering.text_table import format_markdown, remove_controls
from reports.rendering.verdict_json import encode_verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"([\\`*_\[\]|~#!$])")


def format_stats_csv(summary: Summary, verdict: Verdict) -> str:
    """The figures of each endpoint in each stage, with totals; latencies in ms, not rounded."""
    rows = ([column.value(row) for column in STATS_COLUMNS] for row in list_stats_rows(summary, verdict))
    return _write_csv([column.name for column in STATS_COLUMNS], rows)


def format_timeline_csv(summary: Summary) -> str:
    """A row for each second; a cell is empty if nothing was planned or observed."""
    return _write_csv(TIMELINE_NAMES, list_timeline_rows(summary.timeline))


def format_junit_xml(verdict: Verdict, facts: Facts, duration_s: float) -> str:
    """A test case for each objective (missed: failure, unproven: skipped); an error if the run is invalid."""
    cases = [_build_case(facts, judgement, verdict) for judgement in verdict.objectives]
    if verdict.verdict == "invalid":
        case = ElementTree.Element("testcase", classname=clean_xml(facts.scenario), name="the run is valid")
        error = ElementTree.SubElement(case, "error", message=clean_xml(verdict.sentence))
        error.text = clean_xml("\n".join(verdict.reasons))
        cases.append(case)
    counts = {
        kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")
    }
    suite = ElementTree.Element(
        "testsuite",
        name=clean_xml(f"load test {facts.scenario}"),
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{duration_s:.3f}",
        timestamp=clean_xml(facts.started_at),
        hostname=clean_xml(facts.host),
    )
    suite.extend(cases)
    if examples := _list_examples(verdict):
        out = ElementTree.SubElement(suite, "system-out")
        out.text = clean_xml("\n".join(["failed requests, the first of each reason:", *examples]))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _build_case(facts: Facts, judgement: Judgement, verdict: Verdict) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=clean_xml(facts.scenario), name=clean_xml(judgement.text)
    )
    out = ElementTree.Element("system-out")
    missed = judgement.outcome == "missed" and judgement.metric in (error_rate.name, errors.name)
    examples = _list_examples(verdict, judgement.text) if missed else []
    out.text = clean_xml("\n".join([_describe_figures(judgement), *examples]))
    if verdict.verdict == "invalid":
        error = ElementTree.SubElement(case, "error", message=clean_xml(verdict.sentence))
        error.text = clean_xml(judgement.message)
    elif judgement.outcome == "missed" or (judgement.outcome == "unproven" and facts.require_proof):
        ElementTree.SubElement(case, "failure", message=clean_xml(judgement.message))
    elif judgement.outcome == "unproven":
        ElementTree.SubElement(case, "skipped", message=clean_xml(judgement.message))
    case.append(out)
    return case


def _list_examples(verdict: Verdict, objective: str | None = None) -> list[str]:
    """A line for each kept request, with its reason; of the objective's endpoint, if it names one."""
    on = None if objective is None else parse_objective(objective).on
    return [
        f"{failure.reason}: {example.sentence}"
        for failure in verdict.failures
        for example in failure.examples
        if on in (None, example.endpoint)
    ]


def _describe_figures(judgement: Judgement) -> str:
    """What was observed, its interval and the limit, in one line."""
    parts = [f"observed {_format_observed(judgement)}"]
    if judgement.interval is not None:
        parts.append(f"{format_number(judgement.confidence * 100)} % interval {_format_interval(judgement)}")
    limit = add_unit(format_exact(judgement.limit), judgement.unit)
    return ", ".join([*parts, f"limit {limit}", format_count(judgement.samples, "sample")])


def _format_observed(judgement: Judgement) -> str:
    if judgement.observed is None:
        return NOTHING
    return add_unit(format_against_limit(judgement.observed, judgement.limit), judgement.unit)


def format_summary_md(verdict: Verdict, summary: Summary, facts: Facts, report: str = "report.html") -> str:
    """The summary page of a CI job: verdict, objectives, stages, and where the report is."""
    parts = [
        f"## {EMOJI[verdict.verdict]} Load test {escape_markdown(facts.scenario)}",
        escape_markdown(verdict.sentence),
    ]
    if reasons := select_reasons(verdict.verdict, verdict.sentence, verdict.reasons):
        parts.append("\n".join(f"- {escape_markdown(reason)}" for reason in reasons))
    if verdict.objectives:
        parts.append(_format_objectives(verdict.objectives))
    if verdict.failures:
        parts.append(_format_failures(verdict))
    if verdict.answers:
        parts.append("Answers:\n\n" + "\n".join(f"- {escape_markdown(line)}" for line in verdict.answers))
    if verdict.capacity_per_s is not None:
        parts.append(escape_markdown(describe_calibration(verdict.capacity_per_s)))
    if verdict.stages:
        parts.append(_format_stages(verdict.stages))
    requests, lasted = format_count(summary.total.requests, "request"), format_duration(summary.duration_s)
    load = f"{requests} to {escape_markdown(facts.host)} in {lasted}"
    parts.append(f"{load}. The whole story is in [{escape_markdown(report)}]({report}).")
    return "\n\n".join(parts) + "\n"


def _format_failures(verdict: Verdict) -> str:
    """The most frequent reasons of failures, each with the first request of it that was kept."""
    failures = encode_verdict(verdict)["failures"]
    lines = ["Failed requests:", ""]
    for line, failure in zip_longest(list_failures(failures), failures[:MOST_REASONS]):
        lines.append(f"- {escape_markdown(line.strip())}")
        examples = [] if failure is None else list_examples(failure)[:1]
        lines += [f"  - such as {escape_markdown(example)}" for example in examples]
    return "\n".join(lines)


def _format_objectives(judgements: Sequence[Judgement]) -> str:
    columns = _list_columns(f"{format_number(judgements[0].confidence * 100)} % interval")
    return format_markdown(*tabulate(columns, judgements))


def _list_columns(interval_title: str) -> tuple[TableColumn[Judgement], ...]:
    return (
        TableColumn(
            "objective", format_each(lambda judged: escape_markdown(judged.text)), kind="row heading"
        ),
        TableColumn("observed", format_each(_format_observed)),
        TableColumn(interval_title, format_each(_format_interval), kind="interval"),
        TableColumn("limit", format_each(lambda judged: add_unit(format_exact(judged.limit), judged.unit))),
        TableColumn("samples", format_each(lambda judged: f"{judged.samples:,}")),
        TableColumn(
            "outcome",
            format_each(lambda judged: f"{EMOJI[judged.outcome]} {judged.outcome}"),
            kind="outcome",
        ),
    )


def _format_interval(judgement: Judgement) -> str:
    return format_interval(judgement.interval, judgement.unit, provable=judgement.provable)


def _format_stages(stages: Sequence[StageJudgement]) -> str:
    columns, rows = tabulate(STAGE_COLUMNS, stages)
    return format_markdown(columns, [[escape_markdown(cell) for cell in row] for row in rows])


def _write_csv(names: Sequence[str], rows: Iterable[Sequence[CsvValue]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([defuse_formula(value) for value in row] for row in rows)
    return text.getvalue()


def clean_xml(text: str) -> str:
    """The text without characters that no XML may hold."""
    return _NOT_XML.sub("�", text)


def escape_markdown(text: str) -> str:
    """The text in one line, without a meaning in Markdown."""
    plain = (
        " ".join(remove_controls(text).split())
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
    return _MARKDOWN.sub(r"\\\1", plain)
