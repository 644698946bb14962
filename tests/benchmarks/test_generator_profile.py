"""Samples of the processor time become shares of parts that mean something."""

from __future__ import annotations

import pytest

from benchmarks.generator.profile import OTHER, part_of, shares

SOCKETS = "loadtests/client/sockets.py"
LOOP = "Hub.run (gevent/hub.py)"
USER = "User.run (locust/user/users.py);EagerUser.predict (loadtests/traffic/users.py)"
SEND = (
    f"{USER};Sending.send (loadtests/traffic/sender.py);Connection.exchange (loadtests/client/connection.py)"
)


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        (
            f"{SEND};PlainWire.send ({SOCKETS});PlainWire._try_send ({SOCKETS})",
            "sending",
        ),
        (f"{SEND};PlainWire.receive (loadtests/client/sockets.py)", "waking up and receiving"),
        (LOOP, "waking up and receiving"),
        (f"{USER};_is_finite (loadtests/traffic/replies.py);decode (json/decoder.py)", "checking replies"),
        (f"{USER};fire (locust/event.py);log (locust/stats.py)", "Locust's statistics"),
        ("main (locust/main.py);sleep (somewhere.py)", OTHER),
    ],
)
def test_a_sample_belongs_to_the_innermost_known_frame(stack: str, part: str) -> None:
    assert part_of(stack).startswith(part)


def test_shares_are_of_all_samples_the_largest_first() -> None:
    found = shares([f"{SEND} 30", f"{LOOP} 50", f"{SEND};_Stream.feed (loadtests/client/connection.py) 20"])
    assert list(found.items()) == [
        ("the client: parsing, its deadline", 0.5),
        ("waking up and receiving: the event loop, the kernel", 0.5),
    ]
