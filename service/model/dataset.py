"""Generates the insurance-charges training data from the published facts of the public data set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DATASET_COLUMNS = ("age", "sex", "bmi", "children", "smoker", "region", "charges")
DEFAULT_SEED = 185
"""The generated data of this seed meets each published mean, deviation, median and maximum within 2.5 %."""
OBESE_BMI = 30.0
"""From this body mass index on, smokers are charged a multiple."""

_AGES = {18: 69, 19: 68, **dict.fromkeys(range(20, 60), 27), **dict.fromkeys(range(60, 65), 23)}
_CHILDREN = {0: 574, 1: 324, 2: 240, 3: 157, 4: 25, 5: 18}
_SEXES = {"male": 676, "female": 662}
_REGIONS = {"southeast": 364, "southwest": 325, "northwest": 325, "northeast": 324}
_BMI_MEAN = {"southeast": 33.4, "southwest": 30.6, "northwest": 29.2, "northeast": 29.2}
_BMI_SD = 5.9
_BMI_RANGE = (15.96, 53.13)
_CHARGES_RANGE = (1_121.87, 63_770.43)
_REGION_COST = {"northeast": 580.0, "northwest": 380.0, "southeast": 0.0, "southwest": 0.0}
_ROWS = 1_338
_SMOKERS_BELOW, _SMOKERS_OBESE = 129, 145
_MALE_SMOKERS, _FEMALE_SMOKERS = 159 / 676, 115 / 662


def generate_people(seed: int = DEFAULT_SEED) -> pd.DataFrame:
    """1,338 people and their yearly charges in US dollars, one row each, in the columns of `DATASET_COLUMNS`.

    The people are fictitious. The population follows the published facts of the public "medical cost" data:
    the number of people of each age, number of children, sex, region and smoking group, and the body mass
    index by region. Charges follow the known mechanism of that data:

        non-smokers        550 + 3.36 age² + 590 a child
        smokers       16,700 + 3.36 age² + 490 (bmi - 30), and 15,000 more from BMI 30 on
        all           490 less for men, 580 more in the northeast, 380 more in the northwest

    plus normal noise (sd 250) and a heavy tail: about one person in ten had an expensive year and costs a
    gamma-distributed sum more. No model can predict this tail; it keeps R² near 0.87.
    """
    random = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "age": _draw(_AGES, random),
            "sex": _draw(_SEXES, random),
            "children": _draw(_CHILDREN, random),
            "region": _draw(_REGIONS, random),
        }
    )
    bmi_mean = people["region"].map(_BMI_MEAN).to_numpy()
    people["bmi"] = np.clip(random.normal(bmi_mean, _BMI_SD), *_BMI_RANGE).round(2)
    obese = people["bmi"].to_numpy() >= OBESE_BMI
    smoker = _draw_smokers(people, obese, random)
    people["smoker"] = np.where(smoker, "yes", "no")
    charges = _compute_charges(people, smoker, obese) + random.normal(0.0, 250.0, _ROWS)
    for group, share, mean_usd in (
        (~smoker, 0.104, 13_900.0),
        (smoker & ~obese, 0.09, 9_700.0),
        (smoker & obese, 0.155, 10_700.0),
    ):
        members = np.flatnonzero(group)
        unlucky = random.choice(members, size=round(share * len(members)), replace=False)
        charges[unlucky] += random.gamma(shape=5.0, scale=mean_usd / 5.0, size=len(unlucky))
    people["charges"] = np.clip(charges, *_CHARGES_RANGE).round(2)
    return people[list(DATASET_COLUMNS)]


def _draw(counts: Mapping[str, int] | Mapping[int, int], random: np.random.Generator) -> NDArray[np.generic]:
    """Repeat each value as often as `counts` says, scaled to the number of rows, in random order."""
    values, weights = np.array(list(counts)), np.array(list(counts.values()), dtype=np.float64)
    edges = np.rint(np.cumsum(weights) / weights.sum() * _ROWS).astype(int)
    drawn = np.repeat(values, np.diff(edges, prepend=0))
    random.shuffle(drawn)
    return drawn


def _draw_smokers(
    people: pd.DataFrame, obese: NDArray[np.bool_], random: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose who smokes: so many people in each BMI group, men more often than women; shape (n,)."""
    weight = np.where(people["sex"] == "male", _MALE_SMOKERS, _FEMALE_SMOKERS)
    smoker = np.zeros(_ROWS, dtype=np.bool_)
    for group, size in ((~obese, _SMOKERS_BELOW), (obese, _SMOKERS_OBESE)):
        share = np.where(group, weight, 0.0)
        smoker[random.choice(_ROWS, size=size, replace=False, p=share / share.sum())] = True
    return smoker


def _compute_charges(
    people: pd.DataFrame, smoker: NDArray[np.bool_], obese: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Charges before noise and tail, by the mechanism that `generate_people` states; shape (n,)."""
    common = (
        3.36 * people["age"].to_numpy() ** 2
        - 490.0 * (people["sex"] == "male").to_numpy()
        + people["region"].map(_REGION_COST).to_numpy()
    )
    without = 550.0 + 590.0 * people["children"].to_numpy()
    with_smoking = 16_700.0 + 490.0 * (people["bmi"].to_numpy() - OBESE_BMI) + 15_000.0 * obese
    return np.asarray(common + np.where(smoker, with_smoking, without), dtype=np.float64)
