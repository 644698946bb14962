"""Reads and atomically writes the trained regression, as a skops file, which runs no code when loaded."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import skops.io
from sklearn.linear_model import LinearRegression

from service.model.features import FEATURES

MODEL_PATH = Path("models/insurance_charges_model.skops")
ALLOWED_TYPES: tuple[str, ...] = ()
"""Types allowed in a model file in addition to those that skops trusts (numpy's and scikit-learn's own)."""


class ModelFileError(Exception):
    """A model file that is missing or can't be used; the message says what to do."""


def read_model_file(path: Path) -> LinearRegression:
    """Read the regression in `path` and check its features. Raises `ModelFileError`."""
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}: run `make train` to make it.")
    try:
        regression = skops.io.load(path, trusted=list(ALLOWED_TYPES))
    except Exception as error:
        raise ModelFileError(
            f"The model file {path} can't be loaded ({error}): run `make train` to make it anew."
        ) from error
    names = getattr(regression, "feature_names_in_", ())
    if not isinstance(regression, LinearRegression) or tuple(names) != FEATURES:
        raise ModelFileError(
            f"The model file {path} holds no model of this version: run `make train` to make it anew."
        )
    return regression


def encode_model_file(regression: LinearRegression) -> bytes:
    """Serialise the regression as the content of a model file."""
    return bytes(skops.io.dumps(regression))


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader sees either the old content or the new one. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
