"""Addresses of this machine."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

LOOPBACK: Final = "127.0.0.1"
ALL_INTERFACES: Final = "0.0.0.0"


def is_loopback(host: str) -> bool:
    """Whether a host, an address or a name, is this machine by its loopback interface."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
