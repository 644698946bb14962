"""The noise floor: what differs at rest is allowed, or not compared, and told."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.parity import Parity
from loadtests.answers.comparing import find_differences
from loadtests.answers.noise import MARGIN, NoComparisonError, NoiseFloor, measure_noise

PROBES = 50


def ask_twice(answer: Any, parity: Parity | None = None) -> NoiseFloor:
    """The noise floor of a service that answers `answer(number of the probe, number of the request)`."""
    passes = ([answer(probe, probe + again * PROBES) for probe in range(PROBES)] for again in range(2))
    return measure_noise(parity or Parity(), *passes)


def test_a_service_without_noise_has_nothing_to_tell() -> None:
    noise = ask_twice(lambda probe, _: {"score": probe / 7, "label": "cat"})
    assert noise.notes == ()
    assert noise.rules.varying == frozenset()


@pytest.mark.parametrize(
    "volatile",
    [
        lambda number: number,
        lambda number: 1.7e9 + 0.01 * number,
        lambda number: f"request {number}",
        lambda number: [0] * (number // PROBES),
        lambda number: number if number % 2 else None,
        lambda number: random.Random(number).random(),
    ],
    ids=["counter", "clock", "id", "length", "absent", "random"],
)
def test_what_says_nothing_of_the_input_is_not_compared(volatile: Any) -> None:
    noise = ask_twice(lambda probe, number: {"score": probe, "other": volatile(number)})
    assert noise.rules.varying == {("other",)}
    assert noise.notes == ("other differed at rest, so it is not compared",)


def test_a_clock_that_moves_by_little_of_its_range_is_no_noise() -> None:
    noise = ask_twice(lambda probe, number: {"score": probe, "at": 100.0 * probe + 0.01 * number})
    assert noise.rules.varying == {("at",)}


def test_a_little_noise_is_allowed_and_told() -> None:
    chance = random.Random(1)
    noise = ask_twice(lambda probe, _: {"score": probe + chance.uniform(-0.01, 0.01)})
    assert 0.01 < noise.rules.allowed["score",] <= 0.02 * MARGIN
    assert noise.notes[0].startswith("score differed at rest by up to 0.0")


@given(st.floats(1e-4, 0.02), st.integers(0, 1000))
def test_ten_times_as_many_answers_stay_within_what_is_allowed(width: float, seed: int) -> None:
    """Normal noise of any width that leaves something to compare."""
    chance = random.Random(seed)
    noise = ask_twice(lambda probe, _: {"score": probe / 10 + chance.gauss(0, width)})
    assert noise.rules.varying == frozenset()
    limit = noise.rules.allowed["score",]
    beyond = sum(abs(chance.gauss(0, width) - chance.gauss(0, width)) > limit for _ in range(10 * PROBES))
    assert beyond == 0


def test_rounding_of_another_batch_size_is_allowed_but_not_of_whole_numbers() -> None:
    rules = ask_twice(lambda probe, _: {"score": 100.0 + probe / 2, "class": 100_000 + probe}).rules
    assert not list(find_differences({"score": 120.0}, {"score": 120.0005}, rules))
    assert list(find_differences({"score": 120.0}, {"score": 120.1}, rules))
    assert list(find_differences({"class": 100_001}, {"class": 100_002}, rules))


def test_noise_beyond_a_stated_tolerance_is_told_and_not_allowed() -> None:
    stated = Parity(tolerance={"score": 0.001})
    noise = ask_twice(lambda probe, number: {"score": probe + 0.01 * (number % 2)}, stated)
    assert noise.notes == () or "more than its tolerance of 0.001" in noise.notes[0]
    noise = ask_twice(lambda probe, number: {"score": probe + 0.01 * (number // PROBES)}, stated)
    assert noise.notes == ("score differed at rest by up to 0.01, more than its tolerance of 0.001",)
    assert list(find_differences({"score": 1.0}, {"score": 1.01}, noise.rules))


def test_what_is_ignored_is_not_told() -> None:
    noise = ask_twice(lambda probe, number: {"score": probe, "id": number}, Parity(ignore=("id",)))
    assert noise.notes == ()


@pytest.mark.parametrize("parity", [Parity(), Parity(ignore=("id",))])
def test_nothing_left_to_compare_is_refused(parity: Parity) -> None:
    with pytest.raises(NoComparisonError, match="nothing of the replies is left to compare"):
        ask_twice(lambda _, number: {"id": number}, parity)
