"""A reply names its trace if that is sampled, and spans are linked as they should be."""

from __future__ import annotations

import re

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from starlette.types import Scope

from service.batching.endpoint import finish_traced
from service.batching.replies import HttpReply
from service.observability.tracing import Tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
REPLY = HttpReply(200, b"{}", ((b"server-timing", b"queue;dur=1"),))


def scope(flags: str | None = None) -> Scope:
    traced = [] if flags is None else [(b"traceparent", f"00-{TRACE}-b7ad6b7169203331-{flags}".encode())]
    return {"headers": traced}


def finish(tracing: Tracing, flags: str | None = None, reply: HttpReply | None = REPLY) -> HttpReply | None:
    with tracing.trace_request(scope(flags)) as span:
        return finish_traced(tracing, span, reply)


@pytest.mark.parametrize("status", [200, 400, 504])
def test_the_trace_is_a_second_server_timing_header(status: int) -> None:
    reply = finish(Tracing(TracerProvider()), reply=HttpReply(status, b"{}", REPLY.headers))
    assert reply is not None
    (_, times), (name, value) = reply.headers
    assert (reply.status, times, name) == (status, b"queue;dur=1", b"server-timing")
    assert re.fullmatch(rb'traceparent;desc="00-[0-9a-f]{32}-[0-9a-f]{16}-01"', value)


def test_the_trace_is_the_clients_if_it_sent_one() -> None:
    reply = finish(Tracing(TracerProvider()), "01")
    assert reply is not None
    assert TRACE.encode() in reply.headers[-1][1]


@pytest.mark.parametrize(
    ("sampler", "flags"),
    [
        pytest.param(ALWAYS_OFF, None, id="not sampled here"),
        pytest.param(ParentBased(ALWAYS_ON), "00", id="not sampled by the client"),
    ],
)
def test_a_trace_that_is_not_sampled_is_not_named(sampler: Sampler, flags: str | None) -> None:
    assert finish(Tracing(TracerProvider(sampler=sampler)), flags) is REPLY


def test_a_client_that_went_away_gets_no_reply() -> None:
    assert finish(Tracing(TracerProvider()), reply=None) is None


def exporting(sampler: Sampler) -> tuple[Tracing, InMemorySpanExporter]:
    provider, exporter = TracerProvider(sampler=sampler), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(provider), exporter


@pytest.mark.parametrize(("flags", "names"), [("01", ["data_preparation", "prediction_request"]), ("00", [])])
def test_a_request_that_is_not_sampled_leaves_no_span(flags: str, names: list[str]) -> None:
    tracing, exporter = exporting(ParentBased(ALWAYS_ON))
    with tracing.trace_request(scope(flags)), tracing.trace_preparation():
        pass
    assert [span.name for span in exporter.get_finished_spans()] == names


def test_a_failing_request_is_marked() -> None:
    tracing, exporter = exporting(ALWAYS_ON)
    with pytest.raises(RuntimeError), tracing.trace_request(scope()):
        raise RuntimeError("failed")
    (span,) = exporter.get_finished_spans()
    assert not span.status.is_ok


def test_a_batch_is_linked_to_those_of_its_requests_that_are_sampled() -> None:
    """Of three requests in a batch the second and third are sampled; the second is the parent."""
    tracing, exporter = exporting(ParentBased(ALWAYS_ON))
    contexts = []
    for flags in ("00", "01", "01"):
        with tracing.trace_request(scope(flags)) as span:
            contexts.append(span.get_span_context())
    tracing.record_inference(contexts, 0.001, {"batch.size": 3})
    inference = exporter.get_finished_spans()[-1]
    assert inference.name == "model_inference"
    assert inference.parent is not None
    assert inference.parent.span_id == contexts[1].span_id
    assert [link.context.span_id for link in inference.links] == [each.span_id for each in contexts[1:]]


def test_a_batch_without_sampled_requests_leaves_no_span() -> None:
    tracing, exporter = exporting(ParentBased(ALWAYS_ON))
    with tracing.trace_request(scope("00")) as span:
        tracing.record_inference([span.get_span_context()], 0.001, {})
    assert exporter.get_finished_spans() == ()
