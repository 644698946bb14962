"""Trains the insurance-charges model: `python -m service.training [--data insurance.csv] [--out MODEL]`."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from service.model import csv_data, dataset, model_file, profiling
from service.model.features import FEATURES, compute_features, encode_table

_FOLDS = 5
_LIBRARIES = ("numpy", "pandas", "scikit-learn", "skops")


@dataclass(frozen=True)
class TrainingFacts:
    """The origin of a model file, stored as JSON next to it.

    `r2` is the coefficient of determination on hold-outs: each row is predicted by a regression fitted
    without its fold. `data` is the name of the CSV file, or "generated". `trained_at` is ISO 8601 in UTC.
    """

    data: str
    seed: int
    rows: int
    features: int
    r2: float
    trained_at: str
    versions: dict[str, str]


def fit(people: pd.DataFrame, seed: int) -> tuple[LinearRegression, float]:
    """Fit ordinary least squares to all rows; also returns R² on five hold-outs drawn with `seed`.

    Least squares estimates the expected cost, of which the heavy tail is a part.
    """
    table: NDArray[np.float64] = compute_features(encode_table(people))
    charges = people["charges"].to_numpy(dtype=np.float64)
    folds = KFold(_FOLDS, shuffle=True, random_state=seed)
    r2 = r2_score(charges, cross_val_predict(LinearRegression(), table, charges, cv=folds))
    return LinearRegression().fit(pd.DataFrame(table, columns=list(FEATURES)), charges), float(r2)


def train(out: Path, data: Path | None = None, seed: int = dataset.DEFAULT_SEED) -> TrainingFacts:
    """Train on `data`, or on generated data, and write the model file and its facts.

    Raises `DatasetError` for bad data and `OSError` when `out` can't be written; an existing model is kept.
    """
    people = dataset.generate_people(seed) if data is None else csv_data.read_csv(data)
    regression, r2 = fit(people, seed)
    facts = TrainingFacts(
        data="generated" if data is None else data.name,
        seed=seed,
        rows=len(people),
        features=len(FEATURES),
        r2=round(r2, 4),
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
    )
    model_file.write_atomically(out, model_file.encode_model_file(regression))
    model_file.write_atomically(
        out.with_suffix(".json"), (json.dumps(asdict(facts), indent=2) + "\n").encode()
    )
    return facts


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the result, and check the new model against its objective. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m service.training", description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="a CSV file like the public insurance.csv (default: generated data)"
    )
    parser.add_argument(
        "--out", type=Path, default=model_file.MODEL_PATH, help="the model file (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        facts = train(options.out, options.data)
    except csv_data.DatasetError as error:
        print(f"{error}\nNothing was trained; a model made before stays.", file=sys.stderr)
        return 2
    except OSError as error:
        place = error.filename or options.out
        print(
            f"{place}: {error.strerror}. The model can't be written there; name another --out.",
            file=sys.stderr,
        )
        return 2
    print(f"trained on {facts.rows:,} rows ({facts.data}): R² {facts.r2:.3f} on hold-outs -> {options.out}")
    return profiling.main(["--model", str(options.out)])
