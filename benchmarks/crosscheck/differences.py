"""States in sentences whether the tools agree on the throughput, and which figures explain a difference."""

from __future__ import annotations

from statistics import median
from typing import Final

from benchmarks.crosscheck.load_cases import SUITE, WRK
from benchmarks.crosscheck.results import REFUSED, CaseResults
from reports.data.quantities import format_number

TOLERANCE: Final = 0.05
"""Throughputs agree within this ratio: the same tool differs so much from turn to turn."""
SATURATED_SHARE: Final = 0.9
"""The utilisation of its core from which a tool counts as saturated."""
NOTABLE_DIFFERENCE: Final = 0.05
"""The least difference of shares, or of the cost of a request, that counts as a reason."""


def explain_differences(turns: CaseResults) -> list[str]:
    """Return a sentence for each other tool, and one on the objectives if they were judged."""
    told = [_compare_tool(turns, tool) for tool in turns.turns if tool != SUITE]
    if turns.connections is None:
        told += _compare_medians_from_send(turns)
    if unfit := sum(each.kept is None for each in turns.turns[SUITE]):
        told.append(
            f"In {unfit} of its turns {SUITE} found its own generator unhealthy: too busy, late or starved."
        )
    kept = {tool: [each.kept for each in some] for tool, some in turns.turns.items() if tool != WRK}
    if turns.connections is None and all(each is not None for some in kept.values() for each in some):
        counts = (f"{tool} {sum(map(bool, some))} of {len(some)} times" for tool, some in kept.items())
        told.append(f"The objectives are met according to {', '.join(counts)}.")
    return told


def _compare_tool(turns: CaseResults, tool: str) -> str:
    ratios = turns.ratios(tool)
    told = f"{median(ratios):.2f} × the good replies of {SUITE} ({min(ratios):.2f} to {max(ratios):.2f})"
    if turns.connections is not None:
        told += f", {turns.per_service_second(tool):.2f} × for each second of the service's processor time"
    if abs(median(ratios) - 1) <= TOLERANCE:
        return f"{tool} agrees: {told}."
    if min(ratios) <= 1 <= max(ratios):
        return f"{tool} can't be told from noise: {told}. The rounds contradict each other."
    return f"{tool} differs: {told}. {_list_reasons(turns, tool)}"


def _compare_medians_from_send(turns: CaseResults) -> list[str]:
    """Compare the medians from the send; this suite's latency counts from the intended start otherwise."""
    sent = [each.p50_sent_ms for each in turns.turns[SUITE] if each.p50_sent_ms is not None]
    if not sent:
        return []
    others = (
        f"{format_number(turns.median(tool, 'p50_ms'), 3)} ms of {tool}"
        for tool in turns.turns
        if tool != SUITE
    )
    return [
        f"Counted from the send instead of the intended start, the p50 of {SUITE} is "
        f"{format_number(median(sent), 3)} ms, compared with {', '.join(others)}."
    ]


def _list_reasons(turns: CaseResults, tool: str) -> str:
    found = [
        reason
        for reason in (
            *(_core_was_full(turns, each) for each in (tool, SUITE)),
            _tool_was_slow(turns, tool),
            _service_core_differs(turns, tool),
            _request_cost_differs(turns, tool),
            _refusals_differ(turns, tool),
        )
        if reason
    ]
    return " ".join(found) or "The figures don't explain it."


def _core_was_full(turns: CaseResults, tool: str) -> str | None:
    busy, others = (turns.median(tool, figure) for figure in ("busy", "others"))
    if busy >= SATURATED_SHARE:
        return f"{tool} used {_percent(busy)} of its core: it was saturated."
    if turns.connections is None or busy + others < SATURATED_SHARE:
        return None
    return (
        f"{tool} used {_percent(busy)} of its core and other processes {_percent(others)}: it was saturated."
    )


def _tool_was_slow(turns: CaseResults, tool: str) -> str | None:
    theirs, ours = turns.waiting(tool), turns.waiting(SUITE)
    if theirs is None or ours is None or ours - theirs <= NOTABLE_DIFFERENCE:
        return None
    return (
        f"Its connections waited for the service {_percent(theirs)} of the time; {tool} spent the rest "
        "between a reply and the next request."
    )


def _service_core_differs(turns: CaseResults, tool: str) -> str | None:
    theirs, ours = (turns.median(each, "service_busy") for each in (tool, SUITE))
    if turns.connections is None or abs(theirs - ours) <= NOTABLE_DIFFERENCE:
        return None
    others = [turns.median(each, "service_others") for each in (tool, SUITE)]
    if max(others) <= NOTABLE_DIFFERENCE:
        return f"The service used {_percent(theirs)} of its core, and {_percent(ours)} under {SUITE}."
    return (
        f"The service used {_percent(theirs)} of its core and other processes {_percent(others[0])}; "
        f"under {SUITE} {_percent(ours)} and {_percent(others[1])}."
    )


def _request_cost_differs(turns: CaseResults, tool: str) -> str | None:
    theirs, ours = (turns.median(each, "service_us") for each in (tool, SUITE))
    if turns.connections is None or abs(theirs / ours - 1) <= NOTABLE_DIFFERENCE:
        return None
    return f"A request cost the service {theirs:,.0f} µs, and {ours:,.0f} µs under {SUITE}."


def _refusals_differ(turns: CaseResults, tool: str) -> str | None:
    theirs, ours = (turns.median(each, "refused_share") for each in (tool, SUITE))
    if abs(theirs - ours) <= REFUSED:
        return None
    return f"{_percent(theirs)} of its requests were refused, and {_percent(ours)} of those of {SUITE}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
