"""Where the tools differ, in words: do they agree on the rate, and if not, what the figures say about it."""

from __future__ import annotations

from statistics import median
from typing import Final

from benchmarks.crosscheck.parts import SUITE, WRK
from benchmarks.crosscheck.results import REFUSED, Turns
from reports.data.quantities import number

TOLERANCE: Final = 0.05
"""Rates that differ by no more agree: so much one and the same tool differs from turn to turn."""
FULL: Final = 0.9
"""The share of its core from which on a tool has no more to give."""
NOTABLE: Final = 0.05
"""The least difference of shares, or of what a request costs the service, that is a reason."""


def differences(turns: Turns) -> list[str]:
    """A sentence for each other tool, and one on the objectives where they were judged."""
    told = [_difference(turns, tool) for tool in turns.turns if tool != SUITE]
    if turns.connections is None:
        told += _counted_from_the_send(turns)
    if unfit := sum(each.kept is None for each in turns.turns[SUITE]):
        told.append(
            f"In {unfit} of its turns {SUITE} found its own generator unfit: too busy, late or starved."
        )
    kept = {tool: [each.kept for each in some] for tool, some in turns.turns.items() if tool != WRK}
    if turns.connections is None and all(each is not None for some in kept.values() for each in some):
        counts = (f"{tool} {sum(map(bool, some))} of {len(some)} times" for tool, some in kept.items())
        told.append(f"The objectives hold according to {', '.join(counts)}.")
    return told


def _difference(turns: Turns, tool: str) -> str:
    ratios = turns.ratios(tool)
    told = f"{median(ratios):.2f} × the good replies of {SUITE} ({min(ratios):.2f} to {max(ratios):.2f})"
    if turns.connections is not None:
        told += f", {turns.per_service_second(tool):.2f} × for each second of the service's processor time"
    if abs(median(ratios) - 1) <= TOLERANCE:
        return f"{tool} agrees: {told}."
    if min(ratios) <= 1 <= max(ratios):
        return f"{tool} can't be told from noise: {told}. The rounds contradict each other."
    return f"{tool} differs: {told}. {_reasons(turns, tool)}"


def _counted_from_the_send(turns: Turns) -> list[str]:
    """The medians as alike as they can be told: this suite's from the send, as the other tools' are."""
    sent = [each.p50_sent_ms for each in turns.turns[SUITE] if each.p50_sent_ms is not None]
    if not sent:
        return []
    others = (
        f"{number(turns.median(tool, 'p50_ms'), 3)} ms of {tool}" for tool in turns.turns if tool != SUITE
    )
    return [
        f"Counted from the send and not from when a request was due, the p50 of {SUITE} is "
        f"{number(median(sent), 3)} ms, beside {', '.join(others)}."
    ]


def _reasons(turns: Turns, tool: str) -> str:
    found = [
        reason
        for reason in (
            *(_full(turns, each) for each in (tool, SUITE)),
            _own_time(turns, tool),
            _core(turns, tool),
            _cost(turns, tool),
            _refusals(turns, tool),
        )
        if reason
    ]
    return " ".join(found) or "The figures don't say why."


def _full(turns: Turns, tool: str) -> str | None:
    busy, others = (turns.median(tool, figure) for figure in ("busy", "others"))
    if busy >= FULL:
        return f"{tool} took {_percent(busy)} of its core: it had no more to give."
    if turns.connections is None or busy + others < FULL:
        return None
    return f"{tool} took {_percent(busy)} of its core and other processes {_percent(others)}: it was full."


def _own_time(turns: Turns, tool: str) -> str | None:
    theirs, ours = turns.waiting(tool), turns.waiting(SUITE)
    if theirs is None or ours is None or ours - theirs <= NOTABLE:
        return None
    return (
        f"Its connections waited {_percent(theirs)} of the time for the service; the rest passed in {tool}, "
        "between a reply and the next request."
    )


def _core(turns: Turns, tool: str) -> str | None:
    theirs, ours = (turns.median(each, "service_busy") for each in (tool, SUITE))
    if turns.connections is None or abs(theirs - ours) <= NOTABLE:
        return None
    others = [turns.median(each, "service_others") for each in (tool, SUITE)]
    if max(others) <= NOTABLE:
        return f"The service took {_percent(theirs)} of its core, and {_percent(ours)} under {SUITE}."
    return (
        f"The service took {_percent(theirs)} of its core and other processes {_percent(others[0])}; "
        f"under {SUITE} {_percent(ours)} and {_percent(others[1])}."
    )


def _cost(turns: Turns, tool: str) -> str | None:
    theirs, ours = (turns.median(each, "service_us") for each in (tool, SUITE))
    if turns.connections is None or abs(theirs / ours - 1) <= NOTABLE:
        return None
    return f"A request cost the service {theirs:,.0f} µs, and {ours:,.0f} µs under {SUITE}."


def _refusals(turns: Turns, tool: str) -> str | None:
    theirs, ours = (turns.median(each, "refused_share") for each in (tool, SUITE))
    if abs(theirs - ours) <= REFUSED:
        return None
    return f"{_percent(theirs)} of its requests were refused, and {_percent(ours)} of those of {SUITE}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
