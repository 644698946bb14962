"""Training data from a CSV file, and the messages about a bad one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from service.model.csv_data import DatasetError, read_csv
from service.model.dataset import DATASET_COLUMNS, generate_people

HEADER = ",".join(DATASET_COLUMNS)
GOOD = "42,female,24.0,2,no,northwest,8640.00"


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Other columns and a byte-order mark are ignored."""
    people = generate_people()
    path = tmp_path / "insurance.csv"
    people.assign(remark="none").to_csv(path, index=False, encoding="utf-8-sig")
    pd.testing.assert_frame_equal(read_csv(path), people, check_dtype=False)


@pytest.mark.parametrize(
    ("text", "message"),
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
def test_a_bad_file_is_reported_by_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "insurance.csv"
    path.write_text(text)
    with pytest.raises(DatasetError) as error:
        read_csv(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_up_to_ten_faults_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "insurance.csv"
    path.write_text(f"{HEADER}\n" + "0,male,24,1,no,northwest,-1\n" * 6)
    with pytest.raises(DatasetError) as error:
        read_csv(path)
    lines = str(error.value).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "... and 2 more faults"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "binary"])
def test_a_file_that_is_no_text_is_reported(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "insurance.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"insurance\.csv: "):
        read_csv(path)
