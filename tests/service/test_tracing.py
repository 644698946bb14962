"""A reply names its trace where that is kept, and nowhere else."""

from __future__ import annotations

import re

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from starlette.types import Scope

from service.replies import Reply
from service.tracing import Tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
REPLY = Reply(200, b"{}", ((b"server-timing", b"queue;dur=1"),))


def scope(flags: str | None = None) -> Scope:
    traced = [] if flags is None else [(b"traceparent", f"00-{TRACE}-b7ad6b7169203331-{flags}".encode())]
    return {"headers": traced}


def answered(tracing: Tracing, flags: str | None = None, reply: Reply | None = REPLY) -> Reply | None:
    with tracing.request(scope(flags)) as span:
        return tracing.answered(span, reply)


@pytest.mark.parametrize("status", [200, 400, 504])
def test_the_trace_stands_beside_the_times(status: int) -> None:
    reply = answered(Tracing(TracerProvider()), reply=Reply(status, b"{}", REPLY.headers))
    assert reply is not None
    (_, times), (name, told) = reply.headers
    assert (reply.status, times, name) == (status, b"queue;dur=1", b"server-timing")
    assert re.fullmatch(rb'traceparent;desc="00-[0-9a-f]{32}-[0-9a-f]{16}-01"', told)


def test_the_trace_is_the_clients_own_if_it_has_one() -> None:
    reply = answered(Tracing(TracerProvider()), "01")
    assert reply is not None
    assert TRACE.encode() in reply.headers[-1][1]


@pytest.mark.parametrize(
    ("sampler", "flags"),
    [
        pytest.param(ALWAYS_OFF, None, id="not sampled here"),
        pytest.param(ParentBased(ALWAYS_ON), "00", id="not sampled by the client"),
    ],
)
def test_a_trace_that_nobody_keeps_is_not_named(sampler: Sampler, flags: str | None) -> None:
    assert answered(Tracing(TracerProvider(sampler=sampler)), flags) is REPLY


def test_a_client_that_went_away_gets_no_reply() -> None:
    assert answered(Tracing(TracerProvider()), reply=None) is None
