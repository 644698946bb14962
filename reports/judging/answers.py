"""Explains wrong answers, and finds answers whose distribution under load differs from that at rest.

Numbers are compared by the Kolmogorov–Smirnov test, texts by the chi-squared test of homogeneity. All series
of a run together give a false alarm once in 1 / `DOUBT` runs (Bonferroni correction).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reports.data.answers import STATUS, AnswerSeries, AnswerValue, WrongAnswer
from reports.data.quantities import format_duration, format_number
from reports.data.run import Run

DOUBT: Final = 1e-6
LEAST: Final = 20
"""Fewer values on either side tell nothing."""
MOST_TEXTS: Final = 20
"""Texts of which there are more are names or ids, not labels."""
REST_DOUBT: Final = 0.01
"""A field whose two halves at rest differ as much, as those of a clock do, is not watched under load."""
LASTING_SHARE: Final = 0.9
"""Of the answers from the first wrong one on, so many are wrong in a service that has changed for good."""
LEAST_BEFORE: Final = 10
MOST_OF_THEM: Final = 0.5
"""Of the wrong answers, so many at least are of one kind to be called so."""


@dataclass(frozen=True)
class AnswerShift:
    """A field whose values under load are distributed otherwise than at rest."""

    what: str
    """One sentence without its full stop."""
    compared: bool
    """Whether its values are compared one by one; otherwise they differ at rest already."""


def describe_wrong_answers(run: Run) -> tuple[str, ...]:
    """What the wrong answers of each endpoint look like, and one of them; nothing if there are none."""
    answers = run.facts.answers
    if answers is None:
        return ()
    endpoints = dict.fromkeys(each.endpoint for each in answers.wrong)
    return tuple(
        _describe_endpoint(run, name, [each for each in answers.wrong if each.endpoint == name])
        for name in endpoints
    )


def _describe_endpoint(run: Run, name: str, wrong: Sequence[WrongAnswer]) -> str:
    first = wrong[0]
    example = f"{first.place} was {first.found} instead of {first.expected}"
    since = "" if run.facts.began_s is None else f", first after {_format_since(first, run.facts.began_s)}"
    pattern = _name_pattern(run, name, wrong)
    return f"wrong answers of {name}{since}: {pattern} (probe {first.probe + 1}: {example})"


def _format_since(first: WrongAnswer, began_s: float) -> str:
    return format_duration(max(0.0, first.at_s - began_s))


def _name_pattern(run: Run, name: str, wrong: Sequence[WrongAnswer]) -> str:
    """What kind of wrong answers they are."""
    if sum(each.place == STATUS for each in wrong) > MOST_OF_THEM * len(wrong):
        return "another HTTP status"
    alike = len({(each.place, each.found) for each in wrong}) == 1
    if len(wrong) > 2 and alike and len({each.expected for each in wrong}) > 1:
        return "always the same answer, whatever was asked"
    if sum(each.another for each in wrong) > MOST_OF_THEM * len(wrong):
        return "they are right answers to other requests, so replies are swapped or stale"
    if _has_changed_for_good(run, name):
        return "nearly all answers from then on, so the service has changed while it ran"
    if all(_is_text(each.expected) for each in wrong):
        return "another label or text"
    return "another value"


def _has_changed_for_good(run: Run, name: str) -> bool:
    samples = run.samples
    probes = samples.select(samples.endpoint.equal(name) & samples.kind.equal("probe"))
    wrong = probes.outcome.equal("wrong_answer")
    compared = wrong[wrong | probes.ok]
    if not compared.any():
        return False
    first = int(np.argmax(compared))
    return first >= LEAST_BEFORE and float(np.mean(compared[first:])) >= LASTING_SHARE


def _is_text(shown: str) -> bool:
    try:
        float(shown)
    except ValueError:
        return True
    return False


def find_shifts(run: Run) -> tuple[AnswerShift, ...]:
    """The watched fields whose distribution under load is another than at rest."""
    series = run.facts.answers.series if run.facts.answers is not None else ()
    tested = [each for each in series if len(each.at_rest) >= LEAST and len(each.under_load) >= LEAST]
    shifts = (_find_shift(each, DOUBT / len(tested)) for each in tested)
    return tuple(shift for shift in shifts if shift is not None)


def _find_shift(series: AnswerSeries, doubt: float) -> AnswerShift | None:
    at_rest, under_load = series.at_rest, series.under_load
    subject = f"{series.place} of {series.endpoint}"
    half = len(at_rest) // 2
    if not series.compared and _test(at_rest[:half], at_rest[half:]) < REST_DOUBT:
        return None
    if _test(at_rest, under_load) >= doubt:
        return None
    return AnswerShift(
        f"{subject} is distributed otherwise under load than at rest: {_describe(under_load)}, at rest "
        f"{_describe(at_rest)}",
        series.compared,
    )


def _test(one: Sequence[AnswerValue], other: Sequence[AnswerValue]) -> float:
    """The probability of samples as different as these from one distribution; 1 where no test applies."""
    from scipy import stats  # not needed by runs without probes, and slow to import

    if not one or not other:
        return 1.0
    if all(isinstance(value, float) for value in (*one, *other)):
        return float(stats.ks_2samp(one, other, method="asymp").pvalue)
    counts = Counter(one), Counter(other)
    names = sorted(set(counts[0]) | set(counts[1]), key=str)
    if not 2 <= len(names) <= MOST_TEXTS:
        return 1.0
    table = [[count[name] for name in names] for count in counts]
    return float(stats.chi2_contingency(table).pvalue)


def _describe(values: Sequence[AnswerValue]) -> str:
    if all(isinstance(value, float) for value in values):
        least, middle, most = np.percentile(np.array(values, dtype=np.float64), (5, 50, 95))
        if least == most:
            return f"always {format_number(float(middle))}"
        return f"median {float(middle):.4g} (90 % from {float(least):.4g} to {float(most):.4g})"
    ((name, count),) = Counter(values).most_common(1)
    return f"{100 * count / len(values):.0f} % {name!r}"


def describe_answers(run: Run) -> tuple[str, ...]:
    """All that is told of the answers to probes: wrong ones, what was found at rest, shifts; sentences."""
    if run.facts.answers is None:
        return ()
    shifts = (
        shift.what if shift.compared else f"{shift.what}; it is not compared: put it under ignore if it may"
        for shift in find_shifts(run)
    )
    at_rest = (f"at rest, {note}" for note in run.facts.answers.notes)
    return tuple(
        f"{told[0].upper()}{told[1:]}." for told in (*describe_wrong_answers(run), *shifts, *at_rest)
    )
