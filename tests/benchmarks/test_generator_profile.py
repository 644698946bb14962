"""Samples of the processor time become shares of parts that mean something."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.generator.frames import describe_code, describe_stack
from benchmarks.generator.processes import PROJECT
from benchmarks.generator.profile import OTHER, PARTS, RECEIVING, find_part, share_by_part
from loadtests.client.connection import Connection
from loadtests.client.sockets import PlainSocket
from loadtests.recording.recorder import Recorder

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
            f"{SEND};PlainSocket.send ({SOCKETS});PlainSocket._try_send ({SOCKETS})",
            "sending",
        ),
        (f"{SEND};PlainSocket.receive (loadtests/client/sockets.py)", "waking up and receiving"),
        (LOOP, "waking up and receiving"),
        (f"{USER};__call__ (loadtests/answers/check.py);decode (json/decoder.py)", "checking replies"),
        (f"{USER};fire (locust/event.py);log (locust/stats.py)", "Locust's statistics"),
        ("main (locust/main.py);sleep (somewhere.py)", OTHER),
    ],
)
def test_a_sample_belongs_to_the_innermost_known_frame(stack: str, part: str) -> None:
    assert find_part(stack).startswith(part)


def test_shares_are_of_all_samples_the_largest_first() -> None:
    found = share_by_part(
        [f"{SEND} 30", f"{LOOP} 50", f"{SEND};_Stream.feed (loadtests/client/connection.py) 20"]
    )
    assert list(found.items()) == [
        ("the client: parsing, its deadline", 0.5),
        ("waking up and receiving: the event loop, the kernel", 0.5),
    ]


@pytest.mark.parametrize(
    ("function", "part"),
    [
        (PlainSocket._try_send, "sending: the kernel"),
        (PlainSocket.receive, RECEIVING),
        (Connection.exchange, "the client: parsing, its deadline"),
        (Recorder.on_request, "recording: packing, writing"),
    ],
)
def test_frames_are_described_as_the_parts_name_them(function: Callable[..., object], part: str) -> None:
    """A module that moves must be named anew in the table of parts."""
    assert find_part(describe_code(function.__code__)) == part


def test_a_stack_begins_with_the_outermost_frame() -> None:
    stack = describe_stack(sys._getframe()).split(";")
    assert stack[-1].startswith("test_a_stack_begins_with_the_outermost_frame (")
    assert len(stack) > 1


@pytest.mark.parametrize("known", PARTS)
def test_each_part_names_a_file_or_folder_that_exists(known: str) -> None:
    path = known.rpartition("(")[2]
    package = find_spec(path.partition("/")[0])
    assert package is not None
    (folder,) = package.submodule_search_locations or ()
    assert (Path(folder).parent / path).exists()
    assert path.startswith("loadtests/") == (Path(folder).parent == PROJECT)
