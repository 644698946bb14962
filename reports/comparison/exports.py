"""Formats a comparison for other programs: JSON, JUnit and Markdown."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from reports.comparison.differences import FigureDifference
from reports.comparison.table import MARKS, OUTCOMES, list_columns
from reports.comparison.verdict import VersionComparison
from reports.comparison.wording import describe_outcome, format_bounds, format_change
from reports.data.run_sets import RunSet
from reports.judging.outcomes import EMOJI
from reports.rendering.columns import tabulate
from reports.rendering.exports import clean_xml, escape_markdown
from reports.rendering.text_table import format_markdown


def encode_comparison(comparison: VersionComparison) -> dict[str, Any]:
    """Plain values for comparison.json; changes are relative (0.1 is 10 %), of shares in points."""
    settings = comparison.settings
    return {
        "verdict": comparison.word,
        "exit_code": comparison.exit_code,
        "sentence": comparison.sentence,
        "reasons": list(comparison.reasons),
        "blocks": comparison.design,
        "confidence": settings.confidence,
        "require_proof": settings.require_proof,
        "accepted": list(settings.accepted),
        "baseline": _encode_side(comparison.baseline),
        "candidate": _encode_side(comparison.candidate),
        "figures": [_encode_difference(each, comparison) for each in comparison.differences],
    }


def _encode_side(side: RunSet) -> dict[str, Any]:
    return {
        "name": side.name,
        "runs": [
            {"folder": run.folder.name, "started_at": run.facts.started_at, "host": run.facts.host}
            for run in side.runs
        ],
        **({"rounds": list(side.rounds)} if side.rounds else {}),
    }


def _encode_difference(difference: FigureDifference, comparison: VersionComparison) -> dict[str, Any]:
    return {
        "text": difference.text,
        "unit": difference.compared.unit,
        "scale": difference.compared.scale,
        "better": difference.compared.metric.better,
        "baseline": difference.baseline,
        "candidate": difference.candidate,
        "worse_by": difference.change,
        "bounds": None if difference.bounds is None else list(difference.bounds),
        "margin": difference.margin,
        "outcome": difference.outcome,
        "needed": difference.needed,
        "blocks": max(len(difference.figures.baseline), len(difference.figures.candidate)),
        "message": _describe(difference, comparison),
    }


def format_comparison_junit(comparison: VersionComparison) -> str:
    """A test case for each figure (worse: failure, undecided: skipped); an error if nothing can be said."""
    name = clean_xml(f"{comparison.candidate.name} against {comparison.baseline.name}")
    cases = [_build_case(each, comparison, name) for each in comparison.differences]
    if comparison.word == "invalid":
        cases.append(_build_element("testcase", "", classname=name, name="the runs can be compared"))
        text = clean_xml("\n".join(comparison.reasons))
        cases[-1].append(_build_element("error", text, message=clean_xml(comparison.sentence)))
    counts = {
        kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")
    }
    suite = _build_element(
        "testsuite",
        "",
        name=f"comparison {name}",
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
    )
    suite.extend(cases)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _build_case(
    difference: FigureDifference, comparison: VersionComparison, name: str
) -> ElementTree.Element:
    case = _build_element("testcase", "", classname=name, name=clean_xml(f"{difference.text} is not worse"))
    message = clean_xml(_describe(difference, comparison))
    if comparison.word == "invalid":
        case.append(_build_element("error", message, message=clean_xml(comparison.sentence)))
    elif difference.outcome == "worse" or (
        difference.outcome == "undecided" and comparison.settings.require_proof
    ):
        case.append(_build_element("failure", "", message=message))
    elif difference.outcome == "undecided":
        case.append(_build_element("skipped", "", message=message))
    told = f"changed by {format_change(difference)}, bounds {format_bounds(difference)}"
    case.append(_build_element("system-out", clean_xml(told)))
    return case


def _build_element(tag: str, text: str, **attributes: str) -> ElementTree.Element:
    element = ElementTree.Element(tag, attributes)
    element.text = text or None
    return element


def format_comparison_md(comparison: VersionComparison) -> str:
    """The summary page of a CI job: the sentence, what differs, the table, what would decide."""
    baseline, candidate = (escape_markdown(side.name) for side in (comparison.baseline, comparison.candidate))
    parts = [
        f"## {EMOJI[OUTCOMES[comparison.word]]} {candidate} against {baseline}",
        escape_markdown(comparison.sentence),
    ]
    if comparison.reasons:
        parts.append("\n".join(f"- {escape_markdown(reason)}" for reason in comparison.reasons))
    if comparison.differences:
        columns, rows = tabulate(list_columns(comparison), comparison.differences)
        shown = [
            [
                *map(escape_markdown, row[:-1]),
                row[-1].replace(MARKS[each.outcome], EMOJI[OUTCOMES[each.outcome]]),
            ]
            for row, each in zip(rows, comparison.differences, strict=True)
        ]
        parts.append(format_markdown(columns, shown))
    told = [text for each in comparison.differences if (text := _describe(each, comparison))]
    parts += ["\n".join(f"- {escape_markdown(text)}" for text in told)] if told else []
    return "\n\n".join(parts) + "\n"


def _describe(difference: FigureDifference, comparison: VersionComparison) -> str:
    return describe_outcome(difference, comparison.design)
