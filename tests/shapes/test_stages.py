"""The names of stages: numbered where they come again, with levels in words, or one for a whole profile."""

from __future__ import annotations

from shapes.composition import Chain
from shapes.profiles import Constant, Ramp, Wave
from shapes.sequences import Spike, Steps
from shapes.stages import ProfileStage


def test_repeated_stage_names_are_numbered() -> None:
    names = [stage.name for stage in Steps((1, 2, 1, 2, 1), 10).stages]
    assert names == ["1", "2", "1 (2)", "2 (2)", "1 (3)"]


def test_a_formatter_puts_levels_into_words() -> None:
    profile = Constant(1, 1) + Ramp(0, 300, 1) + Wave(50, 30, 1, 1) + Spike(1, 2, 0, 1, 0, 3)
    assert [stage.name for stage in profile.name_stages(lambda level: f"{level:g} users")] == [
        "1 users",
        "0 to 300 users",
        "wave 20 to 80 users",
        "before the spike",
        "spike",
        "after the spike",
    ]


def test_a_stage_name_covers_the_whole_profile_it_is_given_to() -> None:
    assert Steps((1, 2, 3), 10, stage="stairs").stages == (ProfileStage("stairs", 0.0, 30.0),)
    warm_up = Chain((Constant(1, 5), Ramp(1, 2, 5)), stage="warm-up")
    assert (warm_up + Constant(2, 10)).stages == (
        ProfileStage("warm-up", 0.0, 10.0),
        ProfileStage("2", 10.0, 20.0),
    )
