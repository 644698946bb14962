"""Locust's own files beside a run: what a request is called can't become a formula of a spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from locust.env import Environment

from loadtests.session.locust_files import write_locust_files


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx"])
def test_names_and_errors_stay_text_in_a_spreadsheet(tmp_path: Path, name: str) -> None:
    environment = Environment()
    environment.create_local_runner()
    environment.stats.log_request("POST", name, 12.5, 100)
    environment.stats.log_error("POST", name, name)
    write_locust_files(environment, tmp_path)
    for file, columns in (("requests.csv", ["Name"]), ("failures.csv", ["Name", "Error"])):
        with (tmp_path / file).open(newline="", encoding="utf-8") as opened:
            row = next(iter(csv.DictReader(opened)))
        assert all(row[column].startswith("'") for column in columns), row
