"""The same answers under load as at rest: probe inputs of an endpoint, and how their answers are compared.

    parity:
      probes: 50                       # inputs, each asked twice before the load
      share: 5 %                       # of the endpoint's requests are probes
      tolerance: {score: 0.001}        # how far a number may differ from the answer at rest
      ignore: [id, timestamp]          # what is not compared

`parity: {}` takes these defaults, with no tolerance and nothing ignored. In `tolerance` and `ignore` a name
alone stands for each field of this name, wherever it is; a path such as `outputs[*].data` for what is there.
Either holds for all that lies below it. What an answer must be is found before the load, see
loadtests/answers/noise.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from configuration.document import Node, read_all
from configuration.json_path import parse_json_path
from configuration.readers import make_number_reader, make_whole_number_reader, read_text
from configuration.units import write_number

MOST_PROBES: Final = 10_000
_SHARE: Final = re.compile(r"(\d+(?:\.\d*)?(?:e-?\d+)?)\s*%")


@dataclass(frozen=True)
class Parity:
    """Probe inputs, and how the answers to them are compared."""

    probes: int = 50
    share_percent: float = 5.0
    """The share of the endpoint's requests that are probes."""
    tolerance: Mapping[str, float] = field(default_factory=dict)
    """By name or path, the largest difference between two numbers that are taken as equal."""
    ignore: tuple[str, ...] = ()
    """Names and paths that are not compared."""

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this."""
        return {
            "probes": self.probes,
            "share": f"{write_number(self.share_percent)} %",
            **({"tolerance": dict(self.tolerance)} if self.tolerance else {}),
            **({"ignore": list(self.ignore)} if self.ignore else {}),
        }


def read_parity(node: Node) -> Parity:
    """The parity section of an endpoint."""
    with node.read_mapping("a mapping with probes, share, tolerance, ignore") as keys:
        probes = keys.read_or("probes", make_whole_number_reader("probe inputs", 1, MOST_PROBES), 50)
        share = keys.read_or("share", _read_share, 5.0)
        tolerance = keys.read_or("tolerance", _read_tolerances, {})
        ignore = keys.read_or("ignore", _read_ignored, ())
    return Parity(probes, share, tolerance, ignore)


def _read_share(node: Node) -> float:
    found = _SHARE.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    if found is None or not 0 < float(found[1]) <= 100:
        raise node.report_mismatch("a share above 0 % and up to 100 %, such as 5 %")
    return float(found[1])


def _read_tolerances(node: Node) -> dict[str, float]:
    if not isinstance(node.value, Mapping) or not node.value:
        raise node.report_mismatch("differences by field, such as {score: 0.001}")
    read_number = make_number_reader("a difference, a number from zero on", lambda value: value >= 0)

    def read(each: Node) -> float:
        _check_place(each, str(each.path[-1]))
        return read_number(each)

    return dict(zip(map(str, node.value), read_all(map(node.get_child, node.value), read), strict=True))


def _read_ignored(node: Node) -> tuple[str, ...]:
    def read(each: Node) -> str:
        place = read_text(each)
        _check_place(each, place)
        return place

    if node.value == []:
        return ()
    return tuple(node.read_items(read, "a list of fields, such as [id, timestamp]"))


def _check_place(node: Node, place: str) -> None:
    """Refuse what is neither a name nor a path."""
    try:
        steps = parse_json_path(place)
    except ValueError as error:
        raise node.report_problem(str(error)) from None
    if any(isinstance(step, int) for step in steps):
        raise node.report_problem("lists are compared as a whole; write [*] for each of their items")
