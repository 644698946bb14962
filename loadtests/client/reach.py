"""Keeps load from strangers: a target in the public network has to be confirmed by its name.

This guards against a typo in a host, not against a name server that answers differently the next time.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from configuration.errors import ConfigurationError
from loadtests.client.target import Target

Address = IPv4Address | IPv6Address
ALLOW_OPTION: Final = "--allow-host"
ALLOW_VARIABLE: Final = "LOADTEST_ALLOW_HOST"
LOOK_UP_PATIENCE_S: Final = 5.0
NOT_PUBLIC: Final = tuple(
    map(
        ip_network,
        (
            *("127.0.0.0/8", "::1/128", "0.0.0.0/32", "::/128"),  # this machine
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),  # private: RFC 1918, RFC 4193
            *("100.64.0.0/10", "169.254.0.0/16", "fe80::/10"),  # shared, link-local: RFC 6598, 3927, 4291
        ),
    )
)


def check_reach(target: Target, allowed: Iterable[str], patience_s: float = LOOK_UP_PATIENCE_S) -> None:
    """Raise ConfigurationError if the target has a public address and its host is none of those `allowed`.

    A name counts as what it resolves to; one that doesn't resolve within `patience_s` seconds is refused, and
    one that doesn't exist is left to the question whether the service answers.
    """
    host = _normalise(target.host)
    if host in map(_normalise, allowed):
        return
    addresses = _look_up(target, patience_s)
    how = (
        f"{ALLOW_OPTION} {host}, {ALLOW_VARIABLE}={host} in the environment, or "
        f"allow_hosts: ['{host}'] in the scenario"
    )
    if addresses is None:
        raise ConfigurationError(
            f"the name {host} was not resolved within {patience_s:g} s, so that nobody knows whether it is "
            f"public; try again, or confirm that it may be put under load: {how}"
        )
    public = next((each for each in addresses if is_public(each)), None)
    if public is not None:
        shown = host if str(public) == host else f"{host} ({public})"
        raise ConfigurationError(
            f"{shown} is an address in the public network; confirm that it may be put under load, so that no "
            f"stranger is by mistake: {how}"
        )


def is_public(address: Address) -> bool:
    """Whether an address is neither this machine's nor one of a private network."""
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    return not any(plain in network for network in NOT_PUBLIC)


def _normalise(host: str) -> str:
    """The same text for the same host: lower case, an address in its shortest form."""
    bare = host.strip().removeprefix("[").removesuffix("]").removesuffix(".").lower()
    try:
        return str(ip_address(bare))
    except ValueError:
        return bare


def _look_up(target: Target, patience_s: float) -> list[Address] | None:
    """All addresses of the host, none if it has none; None if that is not known in time."""
    found: list[list[Address]] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            answers = []
        found.append([ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers])

    # In a generator process gevent makes this a greenlet, and the look-up one that waits for its own thread.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(patience_s)
    return found[0] if found else None
