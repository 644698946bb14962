"""The generated population against the published facts, and what a bad file is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model import dataset

HEADER = ",".join(dataset.COLUMNS)
GOOD = "42,female,24.0,2,no,northwest,8640.00"


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
    charges = groups(dataset.generate())[group]
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
    assert dataset.generate()[column].agg(statistic) == pytest.approx(published, rel=0.03)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_any_seed_gives_the_same_groups_and_values_within_range(seed: int) -> None:
    people = dataset.generate(seed)
    assert [len(charges) for charges in groups(people).values()] == [1_064, 129, 145]
    assert people["age"].between(18, 64).all()
    assert people["bmi"].between(15, 54).all()
    assert people["children"].between(0, 5).all()
    assert (people["charges"] > 0).all()


def test_a_seed_is_a_population() -> None:
    """The same seed gives the same people, another seed gives others."""
    assert dataset.generate(7).equals(dataset.generate(7))
    assert not dataset.generate(7).equals(dataset.generate(8))


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Further columns and a byte-order mark do no harm."""
    people = dataset.generate()
    path = tmp_path / "insurance.csv"
    people.assign(remark="none").to_csv(path, index=False, encoding="utf-8-sig")
    pd.testing.assert_frame_equal(dataset.read_csv(path), people, check_dtype=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: no column age, sex, bmi"),
        (
            f"{HEADER.replace('smoker', 'smokes')}\n{GOOD}\n",
            "line 1: no column smoker. The header needs age,sex",
        ),
        (
            f"{HEADER}\n{GOOD}\nold,female,24,2,no,northwest,1\n",
            "line 3, column age: expected a whole number from 18 to 65, got 'old'",
        ),
        (f"{HEADER}\n17,female,24,2,no,northwest,1\n", "line 2, column age: expected a whole number from 18"),
        (f"{HEADER}\n42,f,24,2,no,northwest,1\n", "line 2, column sex: expected male or female, got 'f'"),
        (f"{HEADER}\n42,male,9.9,2,no,northwest,1\n", "line 2, column bmi: expected a number from 10 to 60"),
        (f"{HEADER}\n42,male,nan,2,no,northwest,1\n", "line 2, column bmi: expected a number from 10 to 60"),
        (
            f"{HEADER}\n42,male,24,1.5,no,northwest,1\n",
            "line 2, column children: expected a whole number from 0",
        ),
        (
            f"{HEADER}\n42,male,24,1,maybe,northwest,1\n",
            "line 2, column smoker: expected yes or no, got 'maybe'",
        ),
        (f"{HEADER}\n42,male,24,1,no,north,1\n", "line 2, column region: expected southwest or southeast or"),
        (f"{HEADER}\n42,male,24,1,no,northwest\n", "line 2, column charges: expected a number from 0"),
        (f"{HEADER}\n42,male,24,1,no,northwest,1,2\n", "line 2: more cells than the header has columns"),
        (f'{HEADER}\n"42,male\n', "not a row of CSV"),
        (f"{HEADER}\n{GOOD}\n", "1 rows of non-smokers; the model needs at least 10"),
        (f"{HEADER}\n" + f"{GOOD}\n" * 10, "0 rows of smokers below BMI 30; the model needs at least 10"),
    ],
)
def test_a_bad_file_is_told_by_line_and_column(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "insurance.csv"
    path.write_text(text)
    with pytest.raises(dataset.DatasetError) as error:
        dataset.read_csv(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)


def test_all_faults_are_told_up_to_ten(tmp_path: Path) -> None:
    path = tmp_path / "insurance.csv"
    path.write_text(f"{HEADER}\n" + "0,male,24,1,no,northwest,-1\n" * 6)
    with pytest.raises(dataset.DatasetError) as error:
        dataset.read_csv(path)
    lines = str(error.value).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "... and 2 more faults"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "binary"])
def test_what_is_no_text_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "insurance.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(dataset.DatasetError, match=r"insurance\.csv: "):
        dataset.read_csv(path)
