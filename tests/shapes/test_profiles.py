"""Profiles: their levels, the exact area under them, its inverse, and the stages that cover them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapes.composition import Chain, Profile
from shapes.profiles import Constant, Ramp, Wave
from shapes.sequences import Spike, Steps
from shapes.stages import ProfileStage

levels = st.integers(0, 1000)
seconds = st.floats(0.1, 1000)


@st.composite
def waves(draw: st.DrawFn) -> Wave:
    mean = draw(st.integers(1, 1000))
    return Wave(mean, draw(st.integers(0, mean)), draw(seconds), draw(seconds))


@st.composite
def spikes(draw: st.DrawFn) -> Spike:
    base = draw(levels)
    times = [draw(st.one_of(st.just(0.0), seconds)), draw(seconds), draw(st.one_of(st.just(0.0), seconds))]
    return Spike(base, base + draw(st.integers(1, 500)), *times, sum(times) + draw(seconds))


simple = st.one_of(
    st.builds(Constant, levels, seconds),
    st.builds(Ramp, levels, levels, seconds),
    st.builds(Steps, st.lists(levels, min_size=1, max_size=6).map(tuple), seconds),
    waves(),
    spikes(),
)
profiles = st.one_of(simple, st.lists(simple, min_size=1, max_size=4).map(lambda parts: Chain(tuple(parts))))

KNOWN = [
    (Constant(5, 10), 3, 5, 15, "a constant holds its level"),
    (Constant(5, 10), 10, 0, 50, "the end is outside"),
    (Constant(5, 10), -1, 0, 0, "nothing happens before the start"),
    (Ramp(0, 100, 10), 5, 50, 125, "a ramp is half way up at half its time"),
    (Ramp(100, 0, 10), 5, 50, 375, "a ramp may go down"),
    (Ramp(7, 7, 10), 4, 7, 28, "a level ramp is a constant"),
    (Steps((1, 2, 3), 10), 10, 2, 10, "a step begins on its edge"),
    (Steps((1, 2, 3), 10), 25, 3, 45, "the area sums the steps that are over"),
    (Steps((1, 2, 3), 10), 99, 0, 60, "after the last step the area stays the same"),
    (Wave(50, 30, 60, 300), 15, 80, 750 + 30 * 60 / (2 * math.pi), "a wave peaks after a quarter period"),
    (Wave(50, 30, 60, 300), 45, 20, 2250 + 30 * 60 / (2 * math.pi), "and is lowest after three"),
    (Wave(50, 30, 60, 300), 60, 50, 3000, "a whole period has the mean's area"),
    (Spike(20, 200, 5, 30, 5, 120), 39.9, 20, 798, "the spike is in the middle"),
    (Spike(20, 200, 5, 30, 5, 120), 42.5, 110, 20 * 42.5 + 90 * 2.5 / 2, "half way up the rise"),
    (Spike(20, 200, 5, 30, 5, 120), 60, 200, 20 * 60 + 180 * 2.5 + 180 * 15, "held at its peak"),
    (Spike(20, 200, 5, 30, 5, 120), 100, 20, 20 * 100 + 180 * 35, "and back at its base"),
    (Spike(1, 9, 0, 2, 0, 2), 1, 9, 9, "a spike may be all there is, and jump"),
    (Constant(2, 10) + Ramp(0, 10, 10), 15, 5, 20 + 12.5, "a chain goes on where its first part ended"),
]


@pytest.mark.parametrize(("profile", "t_s", "level", "area", "gloss"), KNOWN, ids=[row[-1] for row in KNOWN])
def test_level_and_area_known_by_hand(
    profile: Profile, t_s: float, level: float, area: float, gloss: str
) -> None:
    assert profile.compute_level(t_s) == pytest.approx(level), gloss
    assert profile.compute_area(t_s) == pytest.approx(area), gloss


@given(profiles)
def test_the_area_is_the_integral_of_the_level(profile: Profile) -> None:
    """Summed in fine slices, the levels give the closed form; each slice is off by one jump at most."""
    edges = np.linspace(0, profile.duration_s, 20_001)
    middles = (edges[:-1] + edges[1:]) / 2
    slice_s = profile.duration_s / 20_000
    jumps = 60 * profile.peak * slice_s
    assert np.sum(profile.compute_levels(middles)) * slice_s == pytest.approx(
        profile.total_area, abs=jumps + 1e-9, rel=1e-2
    )


@given(profiles)
def test_levels_stay_between_zero_and_the_peak(profile: Profile) -> None:
    found = profile.compute_levels(np.linspace(-1, profile.duration_s + 1, 5_000))
    assert found.min() >= -1e-9
    assert found.max() <= profile.peak * (1 + 1e-9)


@given(profiles, st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_times_invert_the_area(profile: Profile, shares: list[float]) -> None:
    areas = np.array(shares) * profile.total_area
    times = profile.find_times(areas)
    assert np.all((times >= 0) & (times <= profile.duration_s))
    rounding = profile.peak * 2e-9 + profile.total_area * 1e-11
    assert profile.compute_areas(times) == pytest.approx(areas, abs=rounding + 1e-12)


@given(profiles, st.floats(0.02, 0.98))
def test_where_the_level_is_not_small_the_inverse_is_sharp_to_a_microsecond(
    profile: Profile, share: float
) -> None:
    t_s = share * profile.duration_s
    if profile.compute_level(t_s) > 1e-3 * profile.peak:
        assert float(profile.find_times(profile.compute_area(t_s))) == pytest.approx(t_s, abs=1e-6)


@given(profiles, st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_times_keep_the_order_of_their_areas(profile: Profile, shares: list[float]) -> None:
    times = profile.find_times(np.sort(np.array(shares)) * profile.total_area)
    assert np.all(np.diff(times) >= 0)


@given(profiles, st.floats(0.01, 100))
def test_stretching_scales_time_and_leaves_the_levels(profile: Profile, factor: float) -> None:
    stretched = profile.scale_time(factor)
    assert stretched.duration_s == pytest.approx(profile.duration_s * factor)
    assert stretched.total_area == pytest.approx(profile.total_area * factor)
    assert stretched.peak == profile.peak
    assert [stage.name for stage in stretched.stages] == [stage.name for stage in profile.stages]


@given(profiles)
def test_stages_cover_the_profile_without_gap_and_have_different_names(profile: Profile) -> None:
    stages = profile.stages
    assert stages[0].start_s == 0
    assert stages[-1].end_s == pytest.approx(profile.duration_s)
    assert [stage.end_s for stage in stages[:-1]] == pytest.approx([stage.start_s for stage in stages[1:]])
    assert len({stage.name for stage in stages}) == len(stages)


@given(simple, simple, simple)
def test_composition_is_associative(a: Profile, b: Profile, c: Profile) -> None:
    assert (a + b) + c == a + (b + c) == Chain((a, b, c))


def test_scalars_and_arrays_agree() -> None:
    profile = Steps((1, 2, 3), 10) + Wave(5, 5, 10, 20)
    times = np.array([[0.0, 12.5], [31.0, 49.9]])
    assert profile.compute_levels(times).shape == times.shape
    assert profile.compute_levels(times)[1, 0] == profile.compute_level(31.0)
    assert profile.compute_areas(times)[0, 1] == profile.compute_area(12.5)


def test_an_area_that_is_never_reached_has_no_time() -> None:
    assert Constant(1, 10).find_times([10.0, 10.5]).tolist() == [10.0, math.inf]


def test_an_area_waits_out_a_pause() -> None:
    """Nothing arrives while the level is zero; the next arrival comes after it."""
    paused = Constant(1, 10) + Constant(0, 60) + Constant(1, 10)
    assert paused.find_times([9.5, 10.5]).tolist() == [9.5, 70.5]


def test_a_profile_of_nothing_has_no_area() -> None:
    for nothing in (Constant(0, 10), Ramp(0, 0, 10), Wave(0, 0, 5, 10), Steps((0, 0), 5)):
        assert nothing.total_area == 0
        assert float(nothing.find_times(0.0)) == 0


def test_an_endless_constant_goes_on_for_ever() -> None:
    endless = Ramp(0, 10, 10) + Constant(10, math.inf)
    assert endless.duration_s == endless.total_area == math.inf
    assert endless.compute_level(1e9) == 10
    assert float(endless.find_times(60.0)) == pytest.approx(11.0)
    assert endless.stages[-1] == ProfileStage("10", 10.0, math.inf)
    assert endless.scale_time(2).duration_s == math.inf


@given(profiles, st.floats(0.1, 50))
def test_raising_multiplies_the_levels_and_keeps_the_times(profile: Profile, factor: float) -> None:
    raised = profile.scale_levels(factor)
    assert raised.duration_s == profile.duration_s
    assert raised.total_area == pytest.approx(profile.total_area * factor)
    times = np.linspace(0, profile.duration_s, 50)
    np.testing.assert_allclose(
        raised.compute_levels(times), profile.compute_levels(times) * factor, rtol=1e-9, atol=1e-9
    )
