"""Values of options: what an argument parser accepts, and in which words it refuses the rest."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Final

from configuration.units import parse_duration
from loadtests.monitoring.kubectl import Workload
from reports.data.addresses import is_host
from reports.data.plugins import PluginKind, list_plugins
from reports.data.traces import check_template
from reports.objectives.parsing import ObjectiveError, parse_objective

MOST_PROCESSES: Final = 1_000
"""Of one machine: several times its cores, on the largest."""
MOST_WORKERS: Final = 10_000
LONGEST_COUNT: Final = 20
"""Digits of a text that is taken for a number at all."""
DAY_S: Final = 86_400


def parse_port(text: str) -> int:
    """A port from 1 to 65535."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise ArgumentTypeError(f"{text} is no port; give a number from 1 to 65535")
    return int(text)


def parse_seconds(text: str) -> float:
    """A number of seconds, from 0 to a day."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= DAY_S:
        raise ArgumentTypeError(f"{text} is impossible; give a number of seconds from 0 to {DAY_S:,}")
    return value


def parse_slow(text: str) -> str:
    """A latency as typed: a duration of more than nothing and at most a day."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= DAY_S:
        raise ArgumentTypeError(f"{text!r} is no latency; give a duration with its unit, such as 500ms or 2s")
    return text


def parse_host(text: str) -> str:
    """A name or an IP address."""
    if not is_host(text):
        raise ArgumentTypeError(f"{text!r} is no host; give a name or an IP address")
    return text


def parse_host_or_nothing(text: str) -> str:
    """The same, or nothing, as an unset variable of a shell gives it."""
    return parse_host(text) if text.strip() else ""


def parse_workload(text: str) -> str:
    """`NAMESPACE/DEPLOYMENT`."""
    try:
        return str(Workload.parse(text))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def parse_sentence(text: str) -> str:
    """An objective; endpoints and stages are compared with the scenario's later."""
    try:
        return str(parse_objective(text))
    except ObjectiveError as error:
        raise ArgumentTypeError(str(error)) from None


def parse_monitor(text: str) -> str:
    """The name of an installed monitor."""
    return _find_plugin("monitors", text)


def parse_exporter(text: str) -> str:
    """The name of an installed exporter."""
    return _find_plugin("exporters", text)


def _find_plugin(kind: PluginKind, name: str) -> str:
    if name not in (names := list_plugins(kind)):
        there = ", ".join(names) or "none"
        raise ArgumentTypeError(f"there is no plug-in {name!r} among the {kind}; installed are: {there}")
    return name


def parse_trace_link(text: str) -> str:
    """An address with a place for a trace's id; empty for none."""
    try:
        return check_template(text) if text else ""
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def make_count_parser(most: int) -> Callable[[str], int]:
    """A parser of whole numbers from 1 to `most`."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_COUNT and 0 < int(text) <= most):
            raise ArgumentTypeError(f"{text} is impossible; give a whole number from 1 to {most:,}")
        return int(text)

    return parse


def make_range_parser(least: float, most: float) -> Callable[[str], float]:
    """A parser of numbers from `least` to `most`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ArgumentTypeError(f"{text} is impossible; give a number from {least:g} to {most:,.0f}")
        return value

    return parse
