"""The insurance-charges data: generated from published facts, or read from the public CSV file."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.model.schemas import Region, Sex

COLUMNS = ("age", "sex", "bmi", "children", "smoker", "region", "charges")
DEFAULT_SEED = 185
"""With it each published mean, deviation, median and maximum is met within 2.5 %."""
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

_FEWEST_PER_GROUP = 10
_MOST_ERRORS_TOLD = 10


class DatasetError(Exception):
    """A file of training data that can't be used; the message says what is wrong, where, and what to do."""


def generate(seed: int = DEFAULT_SEED) -> pd.DataFrame:
    """1,338 people and their yearly charges in US dollars, one row each, in the columns of `COLUMNS`.

    Nobody in it exists. The population follows the published facts of the public "medical cost" data: how
    many people there are of each age, number of children, sex, region and smoking group, and the body mass
    index by region. Their charges follow its known mechanism:

        non-smokers        550 + 3.36 age² + 590 a child
        smokers       16,700 + 3.36 age² + 490 (bmi - 30), and 15,000 more from BMI 30 on
        all           490 less for men, 580 more in the northeast, 380 more in the northwest

    with a little normal noise (sd 250), and a heavy tail: about one person in ten had an expensive year and
    costs a gamma-distributed sum more. The tail is what no model can foresee; it keeps R² near 0.87.
    """
    random = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "age": _drawn(_AGES, random),
            "sex": _drawn(_SEXES, random),
            "children": _drawn(_CHILDREN, random),
            "region": _drawn(_REGIONS, random),
        }
    )
    bmi_mean = people["region"].map(_BMI_MEAN).to_numpy()
    people["bmi"] = np.clip(random.normal(bmi_mean, _BMI_SD), *_BMI_RANGE).round(2)
    obese = people["bmi"].to_numpy() >= OBESE_BMI
    smoker = _smokers(people, obese, random)
    people["smoker"] = np.where(smoker, "yes", "no")
    charges = _expected(people, smoker, obese) + random.normal(0.0, 250.0, _ROWS)
    for group, share, mean_usd in (
        (~smoker, 0.104, 13_900.0),
        (smoker & ~obese, 0.09, 9_700.0),
        (smoker & obese, 0.155, 10_700.0),
    ):
        members = np.flatnonzero(group)
        unlucky = random.choice(members, size=round(share * len(members)), replace=False)
        charges[unlucky] += random.gamma(shape=5.0, scale=mean_usd / 5.0, size=len(unlucky))
    people["charges"] = np.clip(charges, *_CHARGES_RANGE).round(2)
    return people[list(COLUMNS)]


def _drawn(counts: Mapping[str, int] | Mapping[int, int], random: np.random.Generator) -> NDArray[np.generic]:
    """Each value as often as `counts` says, scaled to the number of rows, in random order."""
    values, weights = np.array(list(counts)), np.array(list(counts.values()), dtype=np.float64)
    edges = np.rint(np.cumsum(weights) / weights.sum() * _ROWS).astype(int)
    drawn = np.repeat(values, np.diff(edges, prepend=0))
    random.shuffle(drawn)
    return drawn


def _smokers(
    people: pd.DataFrame, obese: NDArray[np.bool_], random: np.random.Generator
) -> NDArray[np.bool_]:
    weight = np.where(people["sex"] == "male", _MALE_SMOKERS, _FEMALE_SMOKERS)
    smoker = np.zeros(_ROWS, dtype=np.bool_)
    for group, size in ((~obese, _SMOKERS_BELOW), (obese, _SMOKERS_OBESE)):
        share = np.where(group, weight, 0.0)
        smoker[random.choice(_ROWS, size=size, replace=False, p=share / share.sum())] = True
    return smoker


def _expected(
    people: pd.DataFrame, smoker: NDArray[np.bool_], obese: NDArray[np.bool_]
) -> NDArray[np.float64]:
    common = (
        3.36 * people["age"].to_numpy() ** 2
        - 490.0 * (people["sex"] == "male").to_numpy()
        + people["region"].map(_REGION_COST).to_numpy()
    )
    without = 550.0 + 590.0 * people["children"].to_numpy()
    with_smoking = 16_700.0 + 490.0 * (people["bmi"].to_numpy() - OBESE_BMI) + 15_000.0 * obese
    return np.asarray(common + np.where(smoker, with_smoking, without), dtype=np.float64)


def read_csv(path: Path) -> pd.DataFrame:
    """The rows of a file like the public insurance.csv, checked; further columns are left aside.

    Raises `DatasetError`, which names up to ten faults by line and column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _checked(csv.DictReader(file, strict=True), path)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}. Name a CSV file that can be read.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not a text file in UTF-8 ({error.reason}). Save it as CSV.") from None


def _checked(reader: csv.DictReader[str], path: Path) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    faults: list[str] = []
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise DatasetError(
                f"{path}, line 1: no column {', '.join(missing)}. The header needs {','.join(COLUMNS)}."
            )
        for values in reader:
            if None in values:
                faults.append(f"{path}, line {reader.line_num}: more cells than the header has columns")
            row: dict[str, object] = {}
            for name in COLUMNS:
                text = (values[name] or "").strip()
                try:
                    row[name] = _PARSERS[name](text)
                except ValueError as error:
                    faults.append(
                        f"{path}, line {reader.line_num}, column {name}: expected {error}, got {text!r}"
                    )
            rows.append(row)
    except csv.Error as error:
        raise DatasetError(f"{path}, line {reader.line_num}: not a row of CSV ({error}).") from None
    if faults:
        more = len(faults) - _MOST_ERRORS_TOLD
        told = faults[:_MOST_ERRORS_TOLD] + ([f"... and {more} more faults"] if more > 0 else [])
        raise DatasetError("\n".join(told))
    return _with_every_group(pd.DataFrame(rows, columns=list(COLUMNS)), path)


def _with_every_group(people: pd.DataFrame, path: Path) -> pd.DataFrame:
    smoker, obese = people["smoker"] == "yes", people["bmi"] >= OBESE_BMI
    for name, group in (
        ("non-smokers", ~smoker),
        (f"smokers below BMI {OBESE_BMI:g}", smoker & ~obese),
        (f"smokers from BMI {OBESE_BMI:g} on", smoker & obese),
    ):
        if (size := int(group.sum())) < _FEWEST_PER_GROUP:
            raise DatasetError(
                f"{path}: {size} rows of {name}; the model needs at least {_FEWEST_PER_GROUP} to learn from."
            )
    return people


def _number(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return value

    return parse


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(" or ".join(names))
        return text

    return parse


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "age": _whole(18, 65),
    "sex": _one_of(*get_args(Sex)),
    "bmi": _number(10.0, 60.0),
    "children": _whole(0, 5),
    "smoker": _one_of("yes", "no"),
    "region": _one_of(*get_args(Region)),
    "charges": _number(0.0, 1e7),
}
