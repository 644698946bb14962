"""Which targets have to be confirmed by name before load is sent to them. Nothing here is sent anywhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from configuration.errors import ConfigurationError
from loadtests.client.reach import check_reach, is_public
from loadtests.client.target import Target

LookUp = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call with the addresses that every name is to have."""

    def to(*addresses: str) -> None:
        answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)

    return to


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::"),
        *("10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255"),
        *("169.254.1.1", "fe80::1", "fc00::1", "fdff::1", "::ffff:10.0.0.1"),
    ],
)
def test_this_machine_and_private_networks_need_no_word(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("192.0.2.1", "11.0.0.0", "9.255.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255"),
        *("100.63.255.255", "100.128.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
        *("2001:db8::1", "fe00::1", "64:ff9b::1", "::ffff:192.0.2.1"),
    ],
)
def test_any_other_address_is_public(address: str) -> None:
    """Also those that are reserved: whoever means them can say so."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize("url", ["http://192.0.2.1", "http://[2001:DB8::1]:8000/v1"])
def test_a_public_address_is_refused_until_it_is_allowed(url: str) -> None:
    target = Target.parse(url)
    with pytest.raises(ConfigurationError) as refused:
        check_reach(target, ["192.0.2.2", "models.example"])
    assert f"--allow-host {target.host}, LOADTEST_ALLOW_HOST={target.host}" in str(refused.value)
    check_reach(target, ["192.0.2.1", "[2001:db8:0::1]"])


def test_a_name_counts_as_what_it_resolves_to(resolves: Callable[..., None]) -> None:
    target = Target.parse("https://Models.Example./v1")
    resolves("10.0.0.1", "192.168.1.1")
    check_reach(target, ())
    resolves("10.0.0.1", "192.0.2.7")
    with pytest.raises(
        ConfigurationError, match=r"models\.example \(192\.0\.2\.7\) is an address in the public"
    ):
        check_reach(target, ["example", "other.models.example"])
    check_reach(target, ["", "MODELS.example"])


def test_a_name_that_does_not_exist_is_left_to_the_wait_for_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    check_reach(Target.parse("http://nowhere.invalid"), ())


def test_a_name_server_that_does_not_answer_is_no_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load might reach it a moment later."""
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60) and [])
    with pytest.raises(ConfigurationError, match=r"the name slow\.example was not resolved within 0\.01 s"):
        check_reach(Target.parse("http://slow.example"), (), patience_s=0.01)
    answered.set()


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.parametrize("module", ["loadtests", "locust"])
def test_nothing_is_sent_to_a_public_address_that_nobody_confirmed(
    start: Callable[..., Any], module: str
) -> None:
    """Of either command line; an empty variable, and the name of another host, confirm nothing."""
    plain = ("-f", "loadtests/locustfile.py", "--headless") if module == "locust" else ()
    words = (*plain, "--scenario", "smoke", "--host", "http://192.0.2.1")
    for more, environment in (
        ((), {"LOADTEST_ALLOW_HOST": ""}),
        (("--allow-host", "192.0.2.2", "--allow-host", "models.example"), {}),
    ):
        suite = start(module, *words, *more, environment=environment).wait()
        assert suite.code == 2
        assert "192.0.2.1 is an address in the public network; confirm" in suite.stderr
