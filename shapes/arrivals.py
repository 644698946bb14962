"""Intended start times of the open model: when each request is to be sent, whatever became of the others.

For a rate profile with integral Λ the k-th arrival is Λ⁻¹ of the k-th point of a process of unit rate:

    constant   ½, 1½, 2½, …             each arrival stands in the middle of the unit of area it stands for
    poisson    running sums of Exp(1)   an inhomogeneous Poisson process, by time-rescaling

Starting half a unit in, a stage whose area is n holds exactly n constant arrivals, none of them on its edge.
Time-rescaling: Brown, Barbieri, Ventura, Kass & Frank, Neural Computation 14 (2002), 325–346.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Literal

import numpy as np

from shapes.profiles import Floats, Profile

Spacing = Literal["constant", "poisson"]
SPACINGS: tuple[Spacing, ...] = ("constant", "poisson")


def arrivals(
    profile: Profile,
    spacing: Spacing,
    *,
    seed: int,
    share: int = 0,
    shares: int = 1,
    chunk: int = 4096,
) -> Iterator[Floats]:
    """The intended start times of one of `shares` workers, in seconds, ascending, `chunk` at a time.

    With constant spacing worker `share` takes every `shares`-th arrival, beginning with number `share`: the
    workers' arrivals together are exactly those of one worker alone, and `seed` has no effect. With Poisson
    spacing each worker draws from a stream of its own (the child `share` of `seed`) at 1/`shares` of the
    rate; superposed, such processes are one Poisson process at the full rate.

    The times depend neither on `chunk` nor on when the next chunk is asked for. All lie in
    [0, `profile.duration_s`); an endless profile gives arrivals for ever.
    """
    if spacing not in SPACINGS:
        raise ValueError(f"spacing is {spacing!r}: expected one of {', '.join(SPACINGS)}")
    if not 0 <= share < shares:
        raise ValueError(f"share is {share} of {shares}: expected 0 <= share < shares")
    if chunk < 1:
        raise ValueError(f"chunk is {chunk}: expected at least 1")
    if spacing == "constant":
        return _until_over(profile, _even_areas(share, shares, chunk))
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(share,)))
    return _until_over(profile, _random_areas(stream, shares, chunk))


def _until_over(profile: Profile, areas: Iterator[Floats]) -> Iterator[Floats]:
    last_s = np.nextafter(profile.duration_s, 0.0)
    for some in areas:
        wanted = some[some < profile.area]
        if wanted.size:
            yield np.minimum(profile.times(wanted), last_s)
        if wanted.size < some.size:
            return


def _even_areas(share: int, shares: int, chunk: int) -> Iterator[Floats]:
    for first in count(0, chunk):
        yield share + 0.5 + shares * np.arange(first, first + chunk, dtype=np.float64)


def _random_areas(stream: np.random.Generator, shares: int, chunk: int) -> Iterator[Floats]:
    reached = 0.0
    while True:
        gaps = stream.standard_exponential(chunk)
        gaps[0] += reached  # first, not last: the sums then round alike for every size of chunk
        sums = np.cumsum(gaps)
        reached = float(sums[-1])
        yield shares * sums
