"""How child processes of Python are started: they find the project's modules from any folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
"""The folder with the project's packages: a checkout, or the folder that packages are installed in."""
IS_CHECKOUT: Final = (PROJECT / "pyproject.toml").is_file()


def build_python_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module; `-P` keeps the current folder out of the search for modules."""
    return [sys.executable, "-P", "-m", module, *arguments]


def build_python_environment() -> dict[str, str]:
    """The environment for such a command: that of this process, with a checkout on the path for modules."""
    if not IS_CHECKOUT:
        return dict(os.environ)
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}
