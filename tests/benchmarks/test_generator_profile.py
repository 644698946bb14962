"""A profile of the wall clock becomes shares of the processor time."""

from __future__ import annotations

import pytest

from benchmarks.generator.profile import OTHER, part_of, shares

LOOP = "Hub.run (gevent/hub.py:647)"
USER = "User.run (locust/user/users.py:174);EagerUser.predict (loadtests/_users.py:111)"
SEND = f"{USER};Sending.send (loadtests/_sending.py:93);Connection.exchange (loadtests/_client.py:126)"


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        (
            f"{SEND};PlainWire.send (loadtests/_wire.py:38);PlainWire._try_send (loadtests/_wire.py:68)",
            "sending",
        ),
        (f"{SEND};PlainWire.receive (loadtests/_wire.py:52)", "receiving"),
        (f"{USER};_is_finite (loadtests/_replies.py:38);decode (json/decoder.py:337)", "checking replies"),
        (f"{USER};fire (locust/event.py:45);log (locust/stats.py:372)", "Locust's statistics"),
        ("main (locust/main.py:10);sleep (somewhere.py:3)", OTHER),
    ],
)
def test_a_sample_belongs_to_the_innermost_known_frame(stack: str, part: str) -> None:
    assert part_of(stack).startswith(part)


def test_waiting_is_taken_off_the_event_loop() -> None:
    """Half busy: of 100 samples 50 are waiting, so of 80 in the loop 30 are work, beside 20 in a user."""
    found = shares([f"{LOOP} 80", f"{SEND} 20"], busy=0.5)
    assert found == pytest.approx({"the event loop": 0.6, "the client: parsing, its deadline": 0.4})


def test_idle_helper_threads_are_left_out() -> None:
    found = shares(
        [f"{SEND} 10", "acquire (gevent/threadpool.py:3);wait (gevent/_threading.py:34) 70"], busy=1.0
    )
    assert found == {"the client: parsing, its deadline": 1.0}
