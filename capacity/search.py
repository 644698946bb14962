"""The search for the highest arrival rate that meets the objectives, one trial after the other.

A trial is a load of one rate. It ends *proven* (the objectives hold), *broken* (they don't), or *open* (it
could tell neither). The search first looks for a proven rate below a broken one, in geometric steps, and then
narrows the gap on both sides of rates that stayed open. Of these it then tries some again for longer. A trial
may also be *invalid*, because the generator could not offer its rate; then only lower rates are tried.

At each trial only one error is possible: a rate above the capacity is called proven, or one below is called
broken. If each of at most `most_trials` trials errs with a probability of (1 - confidence) / most_trials,
then "at least X, less than Y" holds with the probability `confidence`, whichever rates the search came to
(Bonferroni; each trial's error bound holds whatever came before).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal

OPEN_TOGETHER: Final = 2
"""So many open rates, and none that is proven: the trials are too short, not the rates too high."""

TrialOutcome = Literal["proven", "broken", "open", "invalid"]


@dataclass(frozen=True)
class PlannedTrial:
    """A trial at a rate, in requests a second, that lasts so many `times` as long as a usual one."""

    rate_per_s: float
    times: float = 1.0


@dataclass(frozen=True)
class TrialResult:
    """What a trial came to; `reason` says why in a sentence."""

    trial: PlannedTrial
    outcome: TrialOutcome
    reason: str = ""

    @property
    def rate_per_s(self) -> float:
        """That of the trial."""
        return self.trial.rate_per_s


@dataclass(frozen=True)
class CapacityBracket:
    """The capacity is at least `at_least`, and less than `less_than`, in requests a second.

    `at_least` is None if no rate was proven, `less_than` if none was broken. `open_per_s` are the rates
    between them that could not be decided. `ended` says why the search went no further.
    """

    at_least: float | None
    less_than: float | None
    open_per_s: tuple[float, ...]
    confidence: float
    ended: str

    @property
    def width(self) -> float:
        """The width of the bracket as a share of its lower end; infinite if an end is missing."""
        if self.at_least is None or self.less_than is None:
            return math.inf
        return self.less_than / self.at_least - 1


@dataclass(frozen=True)
class SearchLimits:
    """How far the search goes: the precision of the bracket, the number of trials, the rates tried."""

    precision: float = 0.05
    confidence: float = 0.95
    most_trials: int = 14
    extension: float = 4.0
    """Of how many usual lengths a trial is by which an open rate is tried again; 1 if it is not."""
    growth: float = 1.5
    lowest_per_s: float = 0.1
    highest_per_s: float = math.inf

    def __post_init__(self) -> None:
        if not 0 < self.precision < 1:
            raise ValueError(f"precision is {self.precision}: expected a share between 0 and 1, such as 0.05")
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence is {self.confidence}: expected 0.5 or more, and less than 1")
        if self.most_trials < 2:
            raise ValueError(f"most_trials is {self.most_trials}: a bracket takes two")
        if not 1 <= self.extension < math.inf:
            raise ValueError(f"extension is {self.extension}: expected 1 or more")
        if self.growth <= 1:
            raise ValueError(f"growth is {self.growth}: expected more than 1")
        if not 0 < self.lowest_per_s < self.highest_per_s:
            raise ValueError("expected a lowest rate above zero and below the highest one")

    @property
    def trial_confidence(self) -> float:
        """The confidence of each trial, so that all together have `confidence`."""
        return 1 - (1 - self.confidence) / self.most_trials


@dataclass
class CapacitySearch:
    """Says which rate to try next, given what was found so far; `start_per_s` is the first."""

    start_per_s: float
    limits: SearchLimits = field(default_factory=SearchLimits)
    results: list[TrialResult] = field(default_factory=list)

    def record(self, result: TrialResult) -> None:
        """Take in what a trial came to."""
        self.results.append(result)

    def next_trial(self) -> PlannedTrial | None:
        """The next trial; None when the search has ended."""
        return None if self._find_end() else self._choose()

    def find_bracket(self, ended: str | None = None) -> CapacityBracket:
        """What is known so far; `ended` says why the search goes no further, if nothing that it knows."""
        why = ended or self._find_end() or "it has not ended"
        return CapacityBracket(self._proven, self._broken, self._list_open(), self.limits.confidence, why)

    @property
    def _proven(self) -> float | None:
        """The highest proven rate; one above a broken rate doesn't count, for it contradicts it."""
        broken = self._broken or math.inf
        return max((rate for rate in self._list("proven") if rate < broken), default=None)

    @property
    def _broken(self) -> float | None:
        return min(self._list("broken"), default=None)

    def _list(self, outcome: TrialOutcome) -> list[float]:
        return [result.rate_per_s for result in self.results if result.outcome == outcome]

    @property
    def _ceiling(self) -> float:
        """The lowest rate at which a trial was invalid: the generator can't be relied on to offer more."""
        return min(self._list("invalid"), default=math.inf)

    def _list_open(self) -> tuple[float, ...]:
        """The rates that were tried between the proven and the broken one, in order."""
        low, high = self._proven or 0.0, self._broken or math.inf
        tried = self._list("open") + self._list("invalid")
        return tuple(sorted(rate for rate in tried if low < rate < high))

    def _find_end(self) -> str:
        """Why there is nothing more to try; empty if there is."""
        is_closed = self._proven is not None and self._broken is not None
        if is_closed and not self._list_gaps() and not self._list_open():
            return "the bracket is as narrow as was asked for"
        if len(self.results) >= self.limits.most_trials:
            return f"{self.limits.most_trials} trials were made"
        if self._choose() is not None:
            return ""
        if is_closed:
            return "the rates between could not be decided"
        invalid = [result for result in self.results if result.outcome == "invalid"]
        if invalid and self._broken is None:
            return min(invalid, key=lambda result: result.rate_per_s).reason
        bound, rate = (
            ("highest", self.limits.highest_per_s)
            if self._broken is None
            else ("lowest", self.limits.lowest_per_s)
        )
        return f"the {bound} rate, {rate:g}/s, was reached"

    def _list_gaps(self) -> list[tuple[float, float]]:
        """The gaps between neighbouring rates that are wider than the precision, outside of the open ones.

        A rate at which a trial was invalid ends them: only lower rates are tried.
        """
        low, high = self._proven, self._broken
        if low is None or high is None:
            return []
        open_rates = self._list_open()
        pairs = [(low, open_rates[0]), (open_rates[-1], high)] if open_rates else [(low, high)]
        pairs = [(start, end) for start, end in pairs if start < self._ceiling]
        return [(start, end) for start, end in pairs if end / start > 1 + self.limits.precision]

    def _choose(self) -> PlannedTrial | None:
        """The next trial, if the search goes on."""
        again = self._list_extensible()
        if self._proven is None and len(again) >= OPEN_TOGETHER:
            return self._extend(min(again))
        rate = self._choose_rate()
        if rate is not None:
            return PlannedTrial(rate)
        return self._extend(again[len(again) // 2]) if again else None

    def _list_extensible(self) -> list[float]:
        """The open rates that were tried for the usual length only, in order."""
        if self.limits.extension == 1:
            return []
        tried = {result.rate_per_s for result in self.results if result.trial.times > 1}
        rates = [rate for rate in self._list_open() if rate < self._ceiling]
        return [rate for rate in rates if rate in self._list("open") and rate not in tried]

    def _extend(self, rate_per_s: float) -> PlannedTrial:
        return PlannedTrial(rate_per_s, self.limits.extension)

    def _choose_rate(self) -> float | None:
        """A rate that was not tried before."""
        if not self.results:
            return self._clip(self.start_per_s)
        if self._proven is None:
            return self._clip_new(min(result.rate_per_s for result in self.results) / self.limits.growth)
        if self._broken is None:
            return self._rise()
        gaps = self._list_gaps()
        if not gaps:
            return None
        start, end = max(gaps, key=lambda gap: gap[1] / gap[0])
        return math.sqrt(start * end)

    def _rise(self) -> float | None:
        """A rate above all that were proven or open, and below those that were invalid."""
        highest = max(rate for rate in self._list("proven") + self._list("open") if rate < self._ceiling)
        if self._ceiling == math.inf:
            return self._clip_new(highest * self.limits.growth)
        is_close = self._ceiling / highest <= 1 + self.limits.precision
        return None if is_close else math.sqrt(highest * self._ceiling)

    def _clip(self, rate_per_s: float) -> float:
        return min(max(rate_per_s, self.limits.lowest_per_s), self.limits.highest_per_s)

    def _clip_new(self, rate_per_s: float) -> float | None:
        """The rate within its bounds; None if the bound was tried before."""
        rate = self._clip(rate_per_s)
        return None if any(result.rate_per_s == rate for result in self.results) else rate
