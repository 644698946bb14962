"""Compares the answers to probes under load with those at rest, and keeps what a report tells of them."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from configuration.json_path import JsonPath
from loadtests.answers.check import Check
from loadtests.answers.comparing import (
    ComparisonRules,
    Difference,
    describe_place,
    find_differences,
    is_number,
    list_leaves,
    read_answer,
)
from loadtests.answers.noise import is_left_out
from loadtests.client.redaction import redact
from loadtests.client.reply import Reply
from reports.data.answers import (
    MOST_VALUES,
    MOST_WRONG,
    STATUS,
    AnswerSeries,
    AnswerValue,
    ComparedAnswers,
    WrongAnswer,
)

MOST_WATCHED: Final = 8
"""Fields of a reply whose values are kept."""
LONGEST_SHOWN: Final = 60


@dataclass(frozen=True)
class AnswerReference:
    """The answers of one endpoint at rest, and how others are compared with them."""

    replies: tuple[bytes, ...]
    """By the number of the probe."""
    statuses: tuple[int, ...] | None
    """The same of their statuses; None if those differed at rest, so that they are not compared."""
    rules: ComparisonRules
    digest: str
    """Of the requests, so that another process knows whether it asks the same."""


class AnswerComparison:
    """Compares answers to the probes of one endpoint, in one process."""

    def __init__(self, endpoint: str, reference: AnswerReference, seed: int = 0) -> None:
        self._endpoint = endpoint
        self._replies = reference.replies
        self._statuses = reference.statuses
        self._rules = reference.rules
        self._answers = [read_answer(reply) for reply in reference.replies]
        self._watched = list_watched(self._answers, self._rules)
        self._chance = random.Random(seed)  # noqa: S311 - a sample, no secret
        self._seen = 0
        self._kept: list[tuple[AnswerValue | None, ...]] = []
        self._wrong: list[WrongAnswer] = []

    def compare(self, probe: int, reply: Reply) -> str:
        """`ok` if it is the answer to this probe at rest, or as near as is allowed; `wrong_answer`."""
        if self._has_other_status(probe, reply):
            self._keep_wrong(probe, STATUS, self._get_status(probe), reply.status)
            return "wrong_answer"
        if reply.body == self._replies[probe]:
            self._keep(self._answers[probe])
            return "ok"
        try:
            return self._compare_values(probe, read_answer(reply.body))
        except (OverflowError, RecursionError):  # a number beyond all floats, or nested too deep to compare
            return "wrong_answer"

    def explain(self, probe: int, reply: Reply) -> str:
        """Where it differs from the answer to this probe at rest; empty if it does not."""
        if self._has_other_status(probe, reply):
            return _explain(probe, STATUS, self._get_status(probe), reply.status)
        try:
            difference = self._find_difference(self._answers[probe], read_answer(reply.body))
        except (OverflowError, RecursionError):
            return f"expected the answer to probe {probe + 1} at rest, got what can't be compared with it"
        if difference is None:
            return ""
        return _explain(probe, describe_place(difference.place), difference.expected, difference.found)

    def report(self) -> ComparedAnswers:
        """What was seen so far."""
        series = (
            AnswerSeries(
                self._endpoint, describe_place(place), compared, under_load=_list_values(self._kept, at)
            )
            for at, (place, compared) in enumerate(self._watched.items())
        )
        return ComparedAnswers(series=tuple(series), wrong=tuple(self._wrong))

    def _compare_values(self, probe: int, answer: Any) -> str:
        self._keep(answer)
        difference = self._find_difference(self._answers[probe], answer)
        if difference is None:
            return "ok"
        if len(self._wrong) < MOST_WRONG:
            another = self._is_to_another(probe, answer)
            place = describe_place(difference.place)
            self._keep_wrong(probe, place, difference.expected, difference.found, another)
        return "wrong_answer"

    def _has_other_status(self, probe: int, reply: Reply) -> bool:
        return self._statuses is not None and reply.status != self._statuses[probe]

    def _get_status(self, probe: int) -> int | None:
        return None if self._statuses is None else self._statuses[probe]

    def _find_difference(self, expected: Any, found: Any) -> Difference | None:
        return next(find_differences(expected, found, self._rules), None)

    def _is_to_another(self, probe: int, answer: Any) -> bool:
        """Whether it is the answer to another probe."""
        return any(
            number != probe and self._find_difference(expected, answer) is None
            for number, expected in enumerate(self._answers)
        )

    def _keep_wrong(self, probe: int, place: str, expected: Any, found: Any, another: bool = False) -> None:
        """Keep one of the first wrong answers."""
        if len(self._wrong) < MOST_WRONG:
            shown = redact(_show(expected)), redact(_show(found))
            self._wrong.append(WrongAnswer(self._endpoint, probe, place, *shown, another, time.time()))

    def _keep(self, answer: Any) -> None:
        """Keep the values of a uniform sample of all (reservoir sampling: Vitter 1985, algorithm R)."""
        self._seen += 1
        if len(self._kept) < MOST_VALUES:
            self._kept.append(take_values(answer, tuple(self._watched)))
        elif (place := int(self._chance.random() * self._seen)) < MOST_VALUES:
            self._kept[place] = take_values(answer, tuple(self._watched))


@dataclass(frozen=True, slots=True)
class ParityCheck:
    """The check of replies to one probe: what its endpoint's replies must be, and the answer at rest."""

    check: Check
    comparison: AnswerComparison
    probe: int

    def classify(self, reply: Reply) -> str:
        """The outcome; `wrong_answer` for another answer than at rest."""
        outcome = self.check.classify(reply)
        return outcome if outcome != "ok" else self.comparison.compare(self.probe, reply)

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there, in words; empty if nothing is wrong."""
        return self.check.explain(reply) or self.comparison.explain(self.probe, reply)


def list_watched(answers: Sequence[Any], rules: ComparisonRules) -> Mapping[JsonPath, bool]:
    """The numbers and texts that every answer has; whether each is compared."""
    found: dict[JsonPath, int] = {}
    for answer in answers:
        for place in _list_places(answer):
            found[place] = found.get(place, 0) + 1
    places = [place for place, count in found.items() if count == len(answers)]
    ignored = ComparisonRules(rules.parity)
    kept = [place for place in places if not is_left_out(place, ignored)][:MOST_WATCHED]
    return {place: not is_left_out(place, rules) for place in kept}


def take_values(answer: Any, places: Sequence[JsonPath]) -> tuple[AnswerValue | None, ...]:
    """The first value at each place; None where there is no number or text."""
    found: dict[JsonPath, AnswerValue] = {}
    for place, value in list_leaves(answer):
        if place in found:
            continue
        if isinstance(value, str):
            found[place] = value[:LONGEST_SHOWN]
        elif is_number(value) and math.isfinite(value):
            found[place] = float(value)
    return tuple(found.get(place) for place in places)


def collect_series(
    endpoint: str, answers: Sequence[Any], watched: Mapping[JsonPath, bool]
) -> Iterator[AnswerSeries]:
    """The values at rest of each watched place."""
    rows = [take_values(answer, tuple(watched)) for answer in answers]
    for at, (place, compared) in enumerate(watched.items()):
        yield AnswerSeries(endpoint, describe_place(place), compared, at_rest=_list_values(rows, at))


def is_constant(answers: Sequence[Any], rules: ComparisonRules) -> bool:
    """Whether all answers are the same as the first one."""
    return all(next(find_differences(answers[0], each, rules), None) is None for each in answers[1:])


def _list_places(answer: Any) -> list[JsonPath]:
    """The places of numbers and texts, each once, in order."""
    told = (place for place, value in list_leaves(answer) if is_number(value) or isinstance(value, str))
    return list(dict.fromkeys(told))


def _list_values(rows: Sequence[tuple[AnswerValue | None, ...]], at: int) -> tuple[AnswerValue, ...]:
    return tuple(value for row in rows if (value := row[at]) is not None)


def _explain(probe: int, place: str, expected: Any, found: Any) -> str:
    return f"{place}: expected {_show(expected)} as at rest (probe {probe + 1}), got {_show(found)}"


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
