"""Intended start times of the open model: when each request is to be sent, whatever happens to the others.

For a rate profile with integral Λ the k-th arrival is Λ⁻¹ of the k-th point of a process of unit rate:

    constant   ½, 1½, 2½, …             each arrival is in the middle of its unit of area
    poisson    running sums of Exp(1)   an inhomogeneous Poisson process, by time-rescaling

Because the first point is ½, a stage whose area is n holds exactly n constant arrivals, none of them on its
edge. Time-rescaling: Brown, Barbieri, Ventura, Kass & Frank, Neural Computation 14 (2002), 325–346.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Literal

import numpy as np

from shapes.composition import Floats, Profile

Spacing = Literal["constant", "poisson"]
SPACINGS: tuple[Spacing, ...] = ("constant", "poisson")


def generate_arrivals(
    profile: Profile,
    spacing: Spacing,
    *,
    seed: int,
    worker: int = 0,
    workers: int = 1,
    chunk: int = 4096,
) -> Iterator[Floats]:
    """The intended start times of one of `workers`, in seconds, ascending, `chunk` at a time.

    With constant spacing `worker` takes every `workers`-th arrival, beginning with its own number: together
    the workers' arrivals are exactly those of one worker alone, and `seed` has no effect. With Poisson
    spacing each worker draws from a separate stream (the child `worker` of `seed`) at 1/`workers` of the
    rate; such processes, superposed, are one Poisson process at the full rate.

    The times depend neither on `chunk` nor on when the next chunk is asked for. All are in
    [0, `profile.duration_s`); an endless profile gives arrivals for ever.
    """
    if spacing not in SPACINGS:
        raise ValueError(f"spacing is {spacing!r}: expected one of {', '.join(SPACINGS)}")
    if not 0 <= worker < workers:
        raise ValueError(f"worker is {worker} of {workers}: expected 0 <= worker < workers")
    if chunk < 1:
        raise ValueError(f"chunk is {chunk}: expected at least 1")
    if spacing == "constant":
        return _find_times(profile, _generate_even_areas(worker, workers, chunk))
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(worker,)))
    return _find_times(profile, _generate_random_areas(stream, workers, chunk))


def _find_times(profile: Profile, areas: Iterator[Floats]) -> Iterator[Floats]:
    """The times of the areas, until the profile is over."""
    last_s = np.nextafter(profile.duration_s, 0.0)
    for some in areas:
        wanted = some[some < profile.total_area]
        if wanted.size:
            yield np.minimum(profile.find_times(wanted), last_s)
        if wanted.size < some.size:
            return


def _generate_even_areas(worker: int, workers: int, chunk: int) -> Iterator[Floats]:
    for first in count(0, chunk):
        yield worker + 0.5 + workers * np.arange(first, first + chunk, dtype=np.float64)


def _generate_random_areas(stream: np.random.Generator, workers: int, chunk: int) -> Iterator[Floats]:
    reached = 0.0
    while True:
        gaps = stream.standard_exponential(chunk)
        gaps[0] += reached  # before summing: the sums then round alike for every size of chunk
        sums = np.cumsum(gaps)
        reached = float(sums[-1])
        yield workers * sums
