"""Arrivals at recorded times: a profile that follows a recording, slower, faster, thinner or denser.

A recording replayed at twice its density must not become a different process. Sending each arrival twice
would double the index of dispersion of its counts; drawing arrivals at the recorded rate would reduce it to
that of a Poisson process. So

    thinning        below 1 each arrival is kept with the same probability p, independently; an index of
                    dispersion I becomes 1 + p (I − 1)
    superposition   above 1 copies of the recording are added up, each shifted in time by another fraction of
                    `SHIFT_S`; the sum of independent copies has the index of dispersion of one

Lewis and Shedler, Naval Research Logistics Quarterly 26 (1979), 403–413; Cox and Isham, *Point Processes*,
1980, 4.3 and 4.5; Gusella, IEEE Journal on Selected Areas in Communications 9 (1991), 203–211. Shifts of a
few seconds make bursts independent of each other and leave the load of each minute where it was recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Self

import numpy as np

from shapes.composition import Floats, Profile
from shapes.parameters import check_factor
from shapes.stages import LevelFormatter, ProfileStage

SHIFT_S: Final = 10.0
"""Copies are shifted by less than this, or than a tenth of a short recording; what is shifted beyond the end
comes at the beginning."""
MOST_BINS: Final = 4_000
GOLDEN_RATIO: Final = 0.618_033_988_749_895


@dataclass(frozen=True)
class Recorded(Profile):
    """Arrivals at `times_s`, ascending from 0, `speed` times as fast and `scale` times as many.

    Λ(t) = the expected number of arrivals before t: exact at the edges of bins of a second (of a 4,000th of a
    recording longer than that), a straight line in between. The duration is that of the recording and a mean
    gap, divided by `speed`.
    """

    times_s: Floats = field(repr=False, compare=False)
    speed: float = 1.0
    scale: float = 1.0
    stage: str | None = "replay"
    duration_s: float = field(init=False, compare=False)

    def __post_init__(self) -> None:
        check_factor(self.speed)
        check_factor(self.scale)
        times = self.times_s
        if len(times) < 2 or times[0] != 0.0 or not times[-1] > 0.0:
            raise ValueError("the recorded arrivals are at one moment: expected two or more, over some time")
        lasted_s = float(times[-1]) * len(times) / (len(times) - 1)
        object.__setattr__(self, "duration_s", lasted_s / self.speed)

    def generate_times(
        self, *, seed: int, worker: int = 0, workers: int = 1, chunk: int = 4096
    ) -> Iterator[Floats]:
        """The times of one of `workers`, in seconds, ascending, at most `chunk` at a time.

        Arrival i of each copy belongs to worker i mod `workers`, so all workers together send what one would
        alone; `seed` decides which arrivals are kept where `scale` is no whole number.
        """
        parts = [
            self._shift(self.times_s[worker::workers] / self.speed, copy)[
                self._draw_kept(copy, probability, seed)[worker::workers]
            ]
            for copy, probability in enumerate(self._probabilities)
        ]
        times = parts[0] if self.scale <= 1 else np.sort(np.concatenate(parts))
        for start in range(0, len(times), chunk):
            yield times[start : start + chunk]

    @property
    def _probabilities(self) -> list[float]:
        """For each copy of the recording, the probability with which its arrivals are kept."""
        whole = math.floor(self.scale)
        rest = self.scale - whole
        return [1.0] * whole + ([rest] if rest > 0 else [])

    def _draw_kept(
        self, copy: int, probability: float, seed: int
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if probability == 1.0:
            return np.ones(len(self.times_s), dtype=np.bool_)
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(copy,)))
        return stream.random(len(self.times_s)) < probability

    def _shift(self, times: Floats, copy: int) -> Floats:
        """The times of a copy; the first one is not shifted."""
        if copy == 0:
            return times
        shift_s = copy * GOLDEN_RATIO % 1.0 * min(SHIFT_S, self.duration_s / 10)
        return (times + shift_s) % self.duration_s

    @cached_property
    def _edges_s(self) -> Floats:
        bins = min(max(1, math.ceil(self.duration_s)), MOST_BINS)
        return np.linspace(0.0, self.duration_s, bins + 1)

    @cached_property
    def _areas(self) -> Floats:
        """Λ at each edge."""
        counts = np.zeros(len(self._edges_s) - 1)
        for copy, probability in enumerate(self._probabilities):
            times = self._shift(self.times_s / self.speed, copy)
            counts += probability * np.histogram(times, self._edges_s)[0]
        return np.concatenate(([0.0], np.cumsum(counts)))

    def _find_peak(self) -> float:
        return float(np.max(np.diff(self._areas))) / float(self._edges_s[1])

    def _scale_time(self, factor: float) -> Self:
        return replace(self, speed=self.speed / factor, scale=self.scale * factor)

    def _scale_levels(self, factor: float) -> Self:
        return replace(self, scale=self.scale * factor)

    def _compute_levels(self, t_s: Floats) -> Floats:
        places = np.clip(np.searchsorted(self._edges_s, t_s, side="right"), 1, len(self._edges_s) - 1)
        levels: Floats = np.diff(self._areas)[places - 1] / self._edges_s[1]
        return levels

    def _compute_areas(self, t_s: Floats) -> Floats:
        return np.interp(t_s, self._edges_s, self._areas)

    def _find_times(self, areas: Floats) -> Floats:
        ends = np.searchsorted(self._areas, areas, side="left")
        before = np.maximum(ends - 1, 0)
        held = self._areas[ends] - self._areas[before]
        share = np.divide(areas - self._areas[before], held, out=np.zeros(areas.shape), where=held > 0)
        return self._edges_s[before] + share * (self._edges_s[ends] - self._edges_s[before])

    def _list_stages(self, formatter: LevelFormatter) -> tuple[ProfileStage, ...]:
        return (ProfileStage(f"replay up to {formatter(self._find_peak())}", 0.0, self.duration_s),)
