"""Finds files of one's own that hide packages of this project, and says so before an import fails."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]
NEEDED: Final = ("configuration", "reports", "shapes")
"""The packages beside this one that it imports."""
USAGE: Final = 2


def find_clashes(names: Sequence[str] = NEEDED) -> dict[str, Path]:
    """What is imported under these names in place of the packages beside this one."""
    found = {}
    for name in names:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is not None and origin != PROJECT / name / "__init__.py":
            found[name] = origin
    return found


def require_own_packages() -> None:
    """End the process with a message if Locust runs it and a package is hidden; `ImportError` elsewhere.

    Locust searches the folders of the locustfile and of the process for modules before all others.
    """
    clashes = find_clashes()
    if not clashes:
        return
    hidden = " and ".join(
        f"{_shorten(origin)} hides this suite's package {name!r}" for name, origin in clashes.items()
    )
    message = f"{hidden}: rename it, or put the locustfile into a folder without it and start from there"
    if "locust.main" not in sys.modules:
        raise ImportError(message)
    sys.stderr.write(f"{message}\n")
    sys.exit(USAGE)


def _shorten(origin: Path) -> Path:
    """The folder of a package, the file of a module."""
    return origin.parent if origin.name == "__init__.py" else origin
