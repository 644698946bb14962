"""What requests carry: generated records of weighted kinds, or the bodies of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.readers import make_weights_reader, make_whole_number_reader, read_text

PAYLOAD_KINDS: Final = ("realistic", "boundary", "invalid")


@dataclass(frozen=True)
class Payload:
    """What requests carry: generated records of weighted `kinds`, or the bodies in a JSON Lines `file`.

    `rows` None sends one record as the body; a number sends a list of so many.
    """

    kinds: Mapping[str, float] = field(default_factory=lambda: {"realistic": 1.0})
    rows: int | None = None
    file: Path | None = None

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this payload."""
        source = {"kinds": dict(self.kinds)} if self.file is None else {"file": str(self.file)}
        return source if self.rows is None else source | {"rows": self.rows}


def read_payload(node: Node, folder: Path) -> Payload:
    """The payload section of an endpoint; files are looked for in `folder`."""
    with node.read_mapping("a mapping with kinds or file, and rows") as keys:
        file = keys.read_or("file", partial(_find_file, folder=folder), None)
        kinds = Payload().kinds
        if "file" in keys:
            keys.refuse("kinds", "a payload is generated (kinds) or comes from a file, not both")
        else:
            kinds = keys.read_or("kinds", make_weights_reader("kind", *PAYLOAD_KINDS), kinds)
        rows = keys.read_or("rows", make_whole_number_reader("rows in a request", 1, 1_000_000), None)
    return Payload(kinds, rows, file)


def _find_file(node: Node, folder: Path) -> Path:
    file = folder / read_text(node)
    if not file.is_file():
        raise node.report_mismatch(f"a JSON Lines file with a request body a line; there is none at {file}")
    return file.resolve()
