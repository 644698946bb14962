"""The limits within which a generator is believed, read from a scenario."""

from __future__ import annotations

from typing import Any

from configuration.document import Node
from configuration.readers import duration, number
from configuration.units import write_duration
from reports.judging.generator_health import GeneratorLimits

_SHARE = number("a share above 0 and up to 1, such as 0.95", lambda value: 0 < value <= 1)
_CORES = number("a number of cores above 0, such as 0.25", lambda value: value > 0)


def read_limits(node: Node) -> GeneratorLimits:
    """The generator section: the keys of `GeneratorLimits`, any of them."""
    default = GeneratorLimits()
    with node.keys("a mapping with lateness, busy, starved, lag, others") as keys:
        lateness_s = keys.take_or("lateness", duration, default.lateness_ms / 1000)
        busy = keys.take_or("busy", _SHARE, default.busy)
        starved = keys.take_or("starved", _SHARE, default.starved)
        lag_s = keys.take_or("lag", duration, default.lag_ms / 1000)
        others = keys.take_or("others", _CORES, default.others)
    return GeneratorLimits(lateness_s * 1000, busy, starved, lag_s * 1000, others)


def write_limits(limits: GeneratorLimits) -> dict[str, Any]:
    """The plain values that read back as these limits."""
    return {
        "lateness": write_duration(limits.lateness_ms / 1000),
        "busy": limits.busy,
        "starved": limits.starved,
        "lag": write_duration(limits.lag_ms / 1000),
        "others": limits.others,
    }
