"""The answers of a service under load beside those at rest, as run.json holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

MOST_WRONG: Final = 100
"""Wrong answers that are kept, beyond which they are only counted among the samples."""
MOST_VALUES: Final = 200
"""Values of a field under load that are kept, of each process."""
STATUS: Final = "the HTTP status"
"""Stands for the place of a difference that is not in the body of the reply."""

AnswerValue: TypeAlias = float | str


@dataclass(frozen=True)
class WrongAnswer:
    """A reply to a probe that differs from the answer at rest."""

    endpoint: str
    probe: int
    """The number of the probe input, from 0."""
    place: str
    """The path in the reply to the first difference."""
    expected: str
    found: str
    another: bool
    """Whether it is the answer to another probe input."""
    at_s: float
    """When it came, in seconds since 1970."""


@dataclass(frozen=True)
class AnswerSeries:
    """The values of one field of the replies to the probes of an endpoint."""

    endpoint: str
    place: str
    compared: bool
    """Whether each is compared with its reference; False where they differ at rest already."""
    at_rest: tuple[AnswerValue, ...] = ()
    under_load: tuple[AnswerValue, ...] = ()
    """A sample of those under load."""


@dataclass(frozen=True)
class ComparedAnswers:
    """What asking probe inputs at rest and under load told."""

    notes: tuple[str, ...] = ()
    """What was found at rest, one sentence each."""
    series: tuple[AnswerSeries, ...] = ()
    wrong: tuple[WrongAnswer, ...] = ()

    def merge(self, other: ComparedAnswers) -> ComparedAnswers:
        """Both together; `other` may come from another process."""
        joined = {(each.endpoint, each.place): each for each in self.series}
        for each in other.series:
            key = (each.endpoint, each.place)
            known = joined.get(key, replace(each, at_rest=(), under_load=()))
            joined[key] = replace(
                known,
                at_rest=(*known.at_rest, *each.at_rest),
                under_load=(*known.under_load, *each.under_load),
            )
        wrong = sorted((*self.wrong, *other.wrong), key=lambda each: each.at_s)[:MOST_WRONG]
        return ComparedAnswers((*self.notes, *other.notes), tuple(joined.values()), tuple(wrong))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ComparedAnswers:
        """What `dataclasses.asdict` made of it."""
        series = (
            AnswerSeries(
                **{**each, "at_rest": tuple(each["at_rest"]), "under_load": tuple(each["under_load"])}
            )
            for each in values["series"]
        )
        wrong = (WrongAnswer(**each) for each in values["wrong"])
        return cls(tuple(values["notes"]), tuple(series), tuple(wrong))
