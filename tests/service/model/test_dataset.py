"""The generated population against the published facts."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model import dataset


def groups(people: pd.DataFrame) -> dict[str, pd.Series]:
    smoker, obese = people["smoker"] == "yes", people["bmi"] >= 30
    masks = {"non-smokers": ~smoker, "smokers": smoker & ~obese, "obese smokers": smoker & obese}
    return {name: people.loc[mask, "charges"] for name, mask in masks.items()}


@pytest.mark.parametrize(
    ("group", "size", "mean", "deviation"),
    [
        ("non-smokers", 1_064, 8_434, 5_991),
        ("smokers", 129, 21_363, 5_047),
        ("obese smokers", 145, 41_558, 6_011),
    ],
)
def test_groups_follow_the_published_charges(group: str, size: int, mean: float, deviation: float) -> None:
    charges = groups(dataset.generate_people())[group]
    assert len(charges) == size
    assert charges.mean() == pytest.approx(mean, rel=0.05)
    assert charges.std() == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize(
    ("column", "statistic", "published"),
    [
        ("age", "mean", 39.2),
        ("bmi", "mean", 30.66),
        ("bmi", "std", 6.1),
        ("children", "mean", 1.09),
        ("charges", "mean", 13_270),
        ("charges", "median", 9_382),
        ("charges", "max", 63_770),
    ],
)
def test_population_follows_the_published_facts(column: str, statistic: str, published: float) -> None:
    assert dataset.generate_people()[column].agg(statistic) == pytest.approx(published, rel=0.03)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_any_seed_gives_the_same_groups_and_values_within_range(seed: int) -> None:
    people = dataset.generate_people(seed)
    assert [len(charges) for charges in groups(people).values()] == [1_064, 129, 145]
    assert people["age"].between(18, 64).all()
    assert people["bmi"].between(15, 54).all()
    assert people["children"].between(0, 5).all()
    assert (people["charges"] > 0).all()


def test_the_population_depends_on_the_seed_alone() -> None:
    """The same seed gives the same people, another seed gives others."""
    assert dataset.generate_people(7).equals(dataset.generate_people(7))
    assert not dataset.generate_people(7).equals(dataset.generate_people(8))
