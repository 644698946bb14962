"""Rates over time from a command line: segments as typed, a file of them, or a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from configuration.errors import ConfigurationError
from configuration.rates import read_rates


def test_segments_are_read_as_typed_and_from_a_file(tmp_path: Path) -> None:
    text = "[{constant: 10/s, for: 30s}, {ramp: [10/s, 100/s], for: 1m, stage: climb}]"
    (tmp_path / "rates.yaml").write_text(text)
    typed, read = read_rates(text), read_rates(str(tmp_path / "rates.yaml"))
    assert typed == read
    assert (typed.duration_s, typed.peak) == (90, 100)
    assert [stage.name for stage in typed.stages] == ["10", "climb"]


def test_a_table_is_straight_between_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("t_s,rate_per_s,host\n100,10,a\n160,70,a\n220,0,a\n")
    profile = read_rates(str(path))
    assert profile.duration_s == 120
    assert profile.compute_levels([0, 30, 60, 90]).tolist() == [10, 40, 70, 35]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "- {constant: 5, for: 1m}", "expected a rate with its unit"),
        ("a.yaml", "- {constant: 0/s, for: 1m}", "this load is zero throughout"),
        ("a.yaml", "- {constant: 5/s, constant: 6/s, for: 1m}", "this key is there already"),
        ("a.csv", "seconds,rate\n1,2\n", "has no columns t_s and rate_per_s"),
        ("a.csv", "t_s,rate_per_s\n1,x\n", "line 2: expected two numbers"),
        ("a.csv", "t_s,rate_per_s\n2,1\n1,1\n", "times have to rise"),
        ("a.csv", "t_s,rate_per_s\n1,1\n", "expected two rows or more"),
    ],
)
def test_what_is_no_load_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as told:
        read_rates(str(tmp_path / name))
    assert message in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        read_rates(str(tmp_path / "none.yaml"))
