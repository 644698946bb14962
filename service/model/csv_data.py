"""Reads and checks training data from a CSV file like the public insurance.csv."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import pandas as pd

from service.model.dataset import DATASET_COLUMNS, OBESE_BMI
from service.model.schemas import Region, Sex

_MIN_ROWS_PER_GROUP = 10
_MAX_REPORTED_ERRORS = 10


class DatasetError(Exception):
    """A file of training data that can't be used; the message says what is wrong, where, and what to do."""


def read_csv(path: Path) -> pd.DataFrame:
    """Read and check a file like the public insurance.csv; columns beyond `DATASET_COLUMNS` are ignored.

    Raises `DatasetError`, which lists up to ten errors by line and column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _parse_rows(csv.DictReader(file, strict=True), path)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}. Name a CSV file that can be read.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not a text file in UTF-8 ({error.reason}). Save it as CSV.") from None


def _parse_rows(reader: csv.DictReader[str], path: Path) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    errors: list[str] = []
    try:
        missing = [name for name in DATASET_COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            header = ",".join(DATASET_COLUMNS)
            raise DatasetError(f"{path}, line 1: no column {', '.join(missing)}. The header needs {header}.")
        for values in reader:
            if None in values:
                errors.append(f"{path}, line {reader.line_num}: more cells than the header has columns")
            row: dict[str, object] = {}
            for name in DATASET_COLUMNS:
                text = (values[name] or "").strip()
                try:
                    row[name] = _PARSERS[name](text)
                except ValueError as error:
                    errors.append(
                        f"{path}, line {reader.line_num}, column {name}: expected {error}, got {text!r}"
                    )
            rows.append(row)
    except csv.Error as error:
        raise DatasetError(f"{path}, line {reader.line_num}: not a row of CSV ({error}).") from None
    if errors:
        more = len(errors) - _MAX_REPORTED_ERRORS
        lines = errors[:_MAX_REPORTED_ERRORS] + ([f"... and {more} more faults"] if more > 0 else [])
        raise DatasetError("\n".join(lines))
    return _check_group_sizes(pd.DataFrame(rows, columns=list(DATASET_COLUMNS)), path)


def _check_group_sizes(people: pd.DataFrame, path: Path) -> pd.DataFrame:
    smoker, obese = people["smoker"] == "yes", people["bmi"] >= OBESE_BMI
    for name, group in (
        ("non-smokers", ~smoker),
        (f"smokers below BMI {OBESE_BMI:g}", smoker & ~obese),
        (f"smokers from BMI {OBESE_BMI:g} on", smoker & obese),
    ):
        if (size := int(group.sum())) < _MIN_ROWS_PER_GROUP:
            raise DatasetError(
                f"{path}: {size} rows of {name}; "
                f"the model needs at least {_MIN_ROWS_PER_GROUP} to learn from."
            )
    return people


def _make_number_parser(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return value

    return parse


def _make_integer_parser(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def _make_choice_parser(*names: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(" or ".join(names))
        return text

    return parse


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "age": _make_integer_parser(18, 65),
    "sex": _make_choice_parser(*get_args(Sex)),
    "bmi": _make_number_parser(10.0, 60.0),
    "children": _make_integer_parser(0, 5),
    "smoker": _make_choice_parser("yes", "no"),
    "region": _make_choice_parser(*get_args(Region)),
    "charges": _make_number_parser(0.0, 1e7),
}
