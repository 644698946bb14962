"""Prints what an image is made of, as CycloneDX 1.6 in JSON: Python, its packages, those of Debian.

The same environment always gives the same text. Standard library only: it runs while the image is built.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import sysconfig
import uuid
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

DPKG: Final = Path("/var/lib/dpkg/status")
NAMESPACE: Final = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""That of URLs (RFC 9562, 6.6), for a serial number that follows from the content."""


def describe_environment(dpkg: Path = DPKG) -> dict[str, Any]:
    """The bill of materials of the environment that runs this."""
    found = {each["bom-ref"]: each for each in (*_list_python(), *_list_debian(dpkg))}
    components = [found[reference] for reference in sorted(found)]
    serial = uuid.uuid5(NAMESPACE, json.dumps(components, sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "model-load-tests"}},
        "components": components,
    }


def _list_python() -> Iterator[dict[str, Any]]:
    """The interpreter and its packages, also those that its virtual environment leaves out."""
    version = platform.python_version()
    yield _describe("platform", "python", version, f"pkg:generic/python@{version}")
    base = sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
    for found in distributions(path=[*sys.path, base]):
        name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
        purl = f"pkg:pypi/{name}@{quote(found.version, safe='')}"
        licence = found.metadata.get("License-Expression")
        licences = {"licenses": [{"expression": licence}]} if licence else {}
        yield _describe("library", name, found.version, purl) | licences


def _list_debian(status: Path) -> Iterator[dict[str, Any]]:
    """The installed packages of Debian, by its own list; none on another system."""
    if not status.exists():
        return
    for entry in status.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", entry, re.MULTILINE))
        if not fields.get("Status", "").endswith(" installed"):
            continue
        name, version = fields["Package"], fields["Version"]
        place = f"{quote(name, safe='')}@{quote(version, safe='')}"
        yield _describe("library", name, version, f"pkg:deb/debian/{place}?arch={fields['Architecture']}")


def _describe(kind: str, name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    json.dump(describe_environment(), sys.stdout, indent=1)
    sys.stdout.write("\n")
