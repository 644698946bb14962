"""Reads rates over time from a command line: a file of segments, segments as typed, or a table of rates.

Segments are those of a scenario's `rate`, such as `[{ramp: [10/s, 200/s], for: 5m}]`. A table is a CSV file
with the columns `t_s` and `rate_per_s`: between its rows the rate is straight, and it ends with the last one.
"""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from typing import Final

from configuration.document import Node
from configuration.errors import ConfigurationError, Problems, combine_problems
from configuration.segments import read_segments
from configuration.yaml_loader import parse_yaml
from shapes.composition import Chain, Profile
from shapes.profiles import Ramp

COLUMNS: Final = ("t_s", "rate_per_s")
MOST_ROWS: Final = 100_000


def read_rates(text: str) -> Profile:
    """The profile in a file (.yaml, .csv), or in segments as typed; raises `ConfigurationError`."""
    if text.lstrip().startswith("["):
        return _read_segments(text, "--profile")
    path = Path(text)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigurationError(f"{path} can't be read: {reason}") from None
    return _read_table(content, path) if path.suffix == ".csv" else _read_segments(content, str(path))


def _read_segments(text: str, source: str) -> Profile:
    try:
        node, repeated = parse_yaml(text)
        if repeated:
            raise Problems(*repeated)
        profile = Chain(read_segments(Node(node.value, (), node.lines), "rate"))
    except Problems as found:
        raise combine_problems(source, found.problems) from None
    if profile.peak == 0:
        raise ConfigurationError(
            f"{source}: this load is zero throughout, expected a rate above zero somewhere"
        )
    return profile


def _read_table(content: str, path: Path) -> Profile:
    rows = list(csv.DictReader(content.splitlines()))
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise ConfigurationError(f"{path} has no columns {' and '.join(COLUMNS)}, or no rows")
    if len(rows) > MOST_ROWS:
        raise ConfigurationError(f"{path} has {len(rows):,} rows, expected at most {MOST_ROWS:,}")
    points = []
    for number, row in enumerate(rows, start=2):
        try:
            points.append((float(row["t_s"]), float(row["rate_per_s"])))
        except (TypeError, ValueError):
            raise ConfigurationError(
                f"{path}, line {number}: expected two numbers, t_s and rate_per_s"
            ) from None
    if len(points) < 2:
        raise ConfigurationError(f"{path} has one row, expected two rows or more")
    try:
        ramps = [
            Ramp(rate, next_rate, next_t_s - t_s) for (t_s, rate), (next_t_s, next_rate) in pairwise(points)
        ]
        return Chain(tuple(ramps))
    except ValueError as error:
        raise ConfigurationError(
            f"{path}: {error}; times have to rise, and rates can't be negative"
        ) from None
