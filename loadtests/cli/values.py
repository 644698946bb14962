"""Values of options: what an argument parser accepts, and in which words it refuses the rest."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

from loadtests.monitoring.kubectl import Workload
from reports.data.addresses import is_host
from reports.data.traces import check_template


def parse_port(text: str) -> int:
    """A port from 1 to 65535."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise ArgumentTypeError(f"{text} is no port; give a number from 1 to 65535")
    return int(text)


def parse_seconds(text: str) -> float:
    """A number of seconds, 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"{text} is impossible; give a number of seconds, 0 or more")
    return value


def parse_host(text: str) -> str:
    """A name or an IP address."""
    if not is_host(text):
        raise ArgumentTypeError(f"{text!r} is no host; give a name or an IP address")
    return text


def parse_workload(text: str) -> str:
    """`NAMESPACE/DEPLOYMENT`."""
    try:
        return str(Workload.parse(text))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def parse_trace_link(text: str) -> str:
    """An address with a place for a trace's id; empty for none."""
    try:
        return check_template(text) if text else ""
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def parse_above_zero(kind: type[int] | type[float]) -> Callable[[str], float]:
    """A parser of finite numbers of this kind above 0."""

    def number(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < float("inf"):
            raise ArgumentTypeError(f"{text} is impossible; give a number above 0")
        return value

    return number
