"""Generates insurance records for the model's input schema: realistic, at its bounds, outside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from faker import Faker

Record = dict[str, Any]

SEXES: Final = ("male", "female")
REGIONS: Final = ("southwest", "southeast", "northwest", "northeast")
AGES: Final = (18, 65)
BMIS: Final = (15.0, 50.0)
CHILDREN: Final = (0, 5)


def make_realistic(fake: Faker) -> Record:
    """A person like those the model was trained on: BMI near 30.7, one in five smokes."""
    return {
        "age": fake.random_int(*AGES),
        "sex": fake.random_element(SEXES),
        "bmi": round(min(max(fake.random.gauss(30.66, 6.1), BMIS[0]), BMIS[1]), 1),
        "children": fake.random_int(*CHILDREN),
        "smoker": fake.boolean(chance_of_getting_true=20),
        "region": fake.random_element(REGIONS),
    }


def make_boundary(fake: Faker) -> Record:
    """A valid person whose numbers are all at an end of their range."""
    return make_realistic(fake) | {
        "age": fake.random_element(AGES),
        "bmi": fake.random_element(BMIS),
        "children": fake.random_element(CHILDREN),
    }


def make_invalid(fake: Faker) -> Record:
    """A person with one field that the schema refuses: out of range, of the wrong type, unknown or absent."""
    record = make_realistic(fake)
    field, value = fake.random_element(
        (
            ("age", AGES[0] - 1),
            ("age", AGES[1] + 1),
            ("age", "forty"),
            ("sex", "unknown"),
            ("bmi", BMIS[0] - 0.1),
            ("bmi", BMIS[1] + 0.1),
            ("children", CHILDREN[1] + 1),
            ("children", -1),
            ("region", "atlantis"),
            ("smoker", None),
        )
    )
    if value is None:
        del record[field]
    else:
        record[field] = value
    return record


MAKERS: Final[dict[str, Callable[[Faker], Record]]] = {
    "realistic": make_realistic,
    "boundary": make_boundary,
    "invalid": make_invalid,
}


def generate_records(kind: str, seed: int) -> Iterator[Record]:
    """An endless stream of records of one kind; equal seeds give equal streams."""
    fake = Faker("en_US")
    fake.seed_instance(seed)
    make = MAKERS[kind]
    while True:
        yield make(fake)
