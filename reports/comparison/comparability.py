"""Finds what differs between runs besides the service, and whether that forbids to compare them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reports.comparison.contents import find_other_contents, mask_files
from reports.data.quantities import format_number
from reports.data.run import Run
from reports.data.run_sets import RunSet

_PAYLOAD_SHARE: Final = 0.02
"""How far the mean size of requests may differ: the same payloads are drawn unequally often."""
_LONGEST: Final = 60


@dataclass(frozen=True)
class Mismatch:
    """Something that differs, by its name among `MISMATCH_NAMES`, and both values in words."""

    name: str
    what: str
    matters: bool
    """Whether runs that differ in it can't be compared."""

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


MISMATCH_NAMES: Final = (
    "machine",
    "load",
    "traffic",
    "payloads",
    "expected outcomes",
    "workers",
    "early end",
)
"""What matters, unless it is accepted."""


def find_mismatches(
    baseline: RunSet, candidate: RunSet, accepted: Sequence[str] = ()
) -> tuple[Mismatch, ...]:
    """What differs between the first run of the baseline and any other run, each once.

    What is among `accepted` is told and doesn't matter.
    """
    first = baseline.runs[0]
    found: dict[str, Mismatch] = {}
    for run in (*baseline.runs[1:], *candidate.runs):
        for mismatch in _list_mismatches(first, run):
            matters = mismatch.matters and mismatch.name not in accepted
            found.setdefault(mismatch.what, Mismatch(mismatch.name, mismatch.what, matters))
    return tuple(sorted(found.values(), key=lambda each: not each.matters))


def _list_mismatches(first: Run, other: Run) -> Iterator[Mismatch]:
    one, two = first.facts, other.facts
    for part in ("processor", "cores", "memory"):
        yield from _differ("machine", part, one.machine.get(part), two.machine.get(part))
    yield from _differ("machine", "system", one.machine.get("system"), two.machine.get("system"), False)
    yield from _differ("load", "scenario", one.scenario, two.scenario, False)
    yield from _differ("load", "model", one.model, two.model)
    if (one.plan, one.planned_s) != (two.plan, two.planned_s):
        yield Mismatch("load", _describe_load(first, other), True)
    before, after = mask_files(one, two)
    for key in sorted({*before, *after} - {"credentials"}):
        yield from _differ("traffic", key, before.get(key), after.get(key))
    yield from _differ("payloads", "seeds", dict(one.seeds), dict(two.seeds))
    for section, sentence in find_other_contents(one, two):
        yield Mismatch("payloads" if section == "traffic" else "load", sentence, True)
    yield from _compare_sizes(first, other)
    yield from _differ("expected outcomes", "expected", list(one.expected), list(two.expected))
    yield from _differ("workers", "generator processes", one.workers, two.workers)
    if one.decided or two.decided:
        yield Mismatch("early end", "a run ended as soon as its objectives were decided", True)
    for package in sorted({*one.versions, *two.versions}):
        yield from _differ("versions", package, one.versions.get(package), two.versions.get(package), False)


def _differ(name: str, what: str, one: object, two: object, matters: bool = True) -> Iterator[Mismatch]:
    if one != two:
        yield Mismatch(name, f"{what} is {_shorten(one)} and {_shorten(two)}", matters)


def _shorten(value: object) -> str:
    if isinstance(value, Mapping | list | tuple):
        return _cut(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))
    return "not known" if value is None else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _describe_load(first: Run, other: Run) -> str:
    one, two = first.facts, other.facts
    if one.capacity_per_s and two.capacity_per_s and one.capacity_per_s != two.capacity_per_s:
        return (
            "the load is a multiple of each service's own capacity, which was "
            f"{format_number(one.capacity_per_s)} and {format_number(two.capacity_per_s)} requests/s; "
            "state rates or users"
        )
    told: list[tuple[str, Callable[[Run], Any]]] = [
        ("duration in s", lambda run: run.facts.planned_s),
        ("highest planned users", lambda run: max(run.facts.plan.users, default=None)),
        ("highest planned rate", lambda run: max(run.facts.plan.rate, default=None)),
        ("planned requests", lambda run: run.facts.plan.requests),
    ]
    for what, read in told:
        if read(first) != read(other):
            return f"{what} is {_shorten(read(first))} and {_shorten(read(other))}"
    return "the planned load has another course"


def _compare_sizes(first: Run, other: Run) -> Iterator[Mismatch]:
    """Whether requests carry as much: another file with the same name shows in this."""
    for name in first.judged.endpoint.names:
        sizes = []
        for run in (first, other):
            chosen = run.judged.endpoint.equal(name)
            if chosen.any():
                judged = run.judged
                sizes.append([float(each[chosen].mean()) for each in (judged.request_bytes, judged.rows)])
        if len(sizes) < 2:
            continue
        for unit, one, two in zip(("bytes", "records"), *sizes, strict=True):
            if abs(one - two) > _PAYLOAD_SHARE * max(one, two):
                yield Mismatch(
                    "payloads",
                    f"requests to {name} had {format_number(one)} and {format_number(two)} {unit} on average",
                    True,
                )
