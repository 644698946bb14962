"""The limits within which the generator's figures are trusted, read from a scenario and written back."""

from __future__ import annotations

from typing import Any

from configuration.document import Node
from configuration.readers import make_number_reader, read_duration
from configuration.units import write_duration
from reports.judging.generator_health import GeneratorLimits

_read_share = make_number_reader("a share above 0 and up to 1, such as 0.95", lambda value: 0 < value <= 1)
_read_cores = make_number_reader("a number of cores above 0, such as 0.25", lambda value: value > 0)


def read_generator_limits(node: Node) -> GeneratorLimits:
    """The generator section; a key that is left out has the default of `GeneratorLimits`."""
    default = GeneratorLimits()
    with node.read_mapping("a mapping with lateness, busy, starved, lag, others") as keys:
        lateness_s = keys.read_or("lateness", read_duration, default.lateness_ms / 1000)
        busy = keys.read_or("busy", _read_share, default.busy)
        starved = keys.read_or("starved", _read_share, default.starved)
        lag_s = keys.read_or("lag", read_duration, default.lag_ms / 1000)
        others = keys.read_or("others", _read_cores, default.others)
    return GeneratorLimits(lateness_s * 1000, busy, starved, lag_s * 1000, others)


def write_generator_limits(limits: GeneratorLimits) -> dict[str, Any]:
    """The plain values that read back as these limits."""
    return {
        "lateness": write_duration(limits.lateness_ms / 1000),
        "busy": limits.busy,
        "starved": limits.starved,
        "lag": write_duration(limits.lag_ms / 1000),
        "others": limits.others,
    }
