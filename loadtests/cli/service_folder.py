"""The folder that the suite's own service runs in, with its model, and the packages that it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from loadtests.recording.processes import (
    IS_CHECKOUT,
    PROJECT,
    build_python_command,
    build_python_environment,
)

NEEDED: Final = {
    "fastapi": "fastapi",
    "ml_base": "ml-base",
    "pandas": "pandas",
    "rest_model_service": "rest-model-service",
    "sklearn": "scikit-learn",
    "skops": "skops",
    "uvicorn": "uvicorn",
}
"""Modules of the extra `service`, with the packages that hold them."""
MODEL: Final = Path("models", "insurance_charges_model.skops")


def find_missing_packages() -> list[str]:
    """The packages of the extra `service` that are not installed."""
    return [package for module, package in NEEDED.items() if find_spec(module) is None]


def prepare_service_folder() -> Path:
    """The folder in which the service finds its model: a checkout, or a cache of this version of the suite.

    In the cache the model is trained if it is not there; `OSError` or `CalledProcessError` if that fails.
    """
    if IS_CHECKOUT:
        return PROJECT
    folder = find_cache() / version("model-load-tests")
    if not (folder / MODEL).is_file():
        print("training the service's model (once)", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            build_python_command("service.training"),
            cwd=folder,
            env=build_python_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    return folder


def build_service_environment() -> dict[str, str]:
    """The environment of the service: the file that REST_CONFIG names is found from its folder too."""
    environment = build_python_environment()
    if not IS_CHECKOUT and "REST_CONFIG" in environment:
        environment["REST_CONFIG"] = str(Path(environment["REST_CONFIG"]).absolute())
    return environment


def find_cache() -> Path:
    """The folder for files that can be made again (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "model-load-tests"
