"""Makes the service's OpenTelemetry spans, configured by the standard OTEL_* variables; off without them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING

from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.trace.status import Status, StatusCode
from starlette.types import Scope

from service.observability.model_call import ModelCall

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

__all__ = ["Span", "Tracing", "TracingError", "configure_tracing"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
"""The first variable that is set applies."""
_PROTOCOL = "http/protobuf"
PREDICTIONS_VARIABLE = "TRACE_PREDICTIONS"
"""Environment variable: `true` puts predicted values into spans."""
_NO_SPAN = nullcontext(INVALID_SPAN)
_W3C = TraceContextTextMapPropagator()


class TracingError(Exception):
    """An OTEL_* variable with an unsupported value; the message says which one, and what is supported."""


def configure_tracing(environment: Mapping[str, str], service_name: str) -> Tracing | None:
    """Set up tracing as the variables say; None if they name neither an exporter nor an endpoint.

    The SDK itself reads the sampler, the batching, the endpoint and its headers. Raises `TracingError`.
    """
    default = "otlp" if any(environment.get(name) for name in _ENDPOINTS) else "none"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip() or default
    if exporter == "none" or environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if find_spec("opentelemetry.sdk") is None:
        raise TracingError("The service's traces need packages: pip install 'model-load-tests[otel]'.")
    # Imported only where tracing is on: otherwise the service starts faster and takes less memory.
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": service_name}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(_make_exporter(exporter, environment)))
    return Tracing(provider, names_predictions=_read_switch(environment, PREDICTIONS_VARIABLE))


def _read_switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip().lower()
    if text not in ("", "true", "false"):
        raise TracingError(f"{name} is {environment[name]!r}: give true or false.")
    return text == "true"


def _make_exporter(name: str, environment: Mapping[str, str]) -> SpanExporter:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    if name != "otlp":
        raise TracingError(f"OTEL_TRACES_EXPORTER is {name!r}: the service knows otlp, console and none.")
    variable = next((each for each in _PROTOCOLS if environment.get(each)), None)
    if variable is not None and environment[variable] != _PROTOCOL:
        raise TracingError(f"{variable} is {environment[variable]!r}: the service speaks {_PROTOCOL}.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


class Tracing:
    """Makes the service's spans: loading, requests, data preparation, inference, health checks.

    They carry the model's name and version, sizes and times, and nothing of a request's content; of its reply
    the predicted value, if `names_predictions`. A health check concerns the process and names no model.
    """

    def __init__(
        self,
        provider: TracerProvider,
        model: Mapping[str, str] | None = None,
        names_predictions: bool = False,
    ) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("service")
        self._model = dict(model or {})
        self._names_predictions = names_predictions

    def for_model(self, name: str, version: str) -> Tracing:
        """The same tracing, whose spans name one model."""
        model = {"model.name": name, "model.version": version}
        return Tracing(self._provider, model, self._names_predictions)

    @contextmanager
    def trace_loading(self, loaded: Callable[[], Sequence[tuple[str, str]]]) -> Iterator[None]:
        """A span over the loading of all models; afterwards `loaded` returns each one's name and version.

        With several models the attributes are lists, in the models' order.
        """
        with self._tracer.start_as_current_span("model_loading") as span:
            yield
            models = loaded()
            for key, values in (
                ("model.name", [name for name, _ in models]),
                ("model.version", [version for _, version in models]),
            ):
                span.set_attribute(key, values[0] if len(values) == 1 else values)

    def trace_request(self, scope: Scope) -> AbstractContextManager[Span]:
        """A span over one prediction request, in the trace that its W3C headers name, if any."""
        return self._start_server_span("prediction_request", scope, self._model)

    def finish_request(self, span: Span, status: int) -> tuple[tuple[bytes, bytes], ...]:
        """Set the reply's status on the request's span; returns headers that name the trace if it is sampled.

        The header is Server-Timing with a `traceparent` entry, where browsers' instrumentations look for it.
        """
        span.set_attribute("http.response.status_code", status)
        context = span.get_span_context()
        if not context.trace_flags.sampled:
            return ()
        entry = f'traceparent;desc="00-{context.trace_id:032x}-{context.span_id:016x}-01"'
        return ((b"server-timing", entry.encode()),)

    def record_prediction(self, span: Span, encode: Callable[[], str]) -> None:
        """Put the predicted value, encoded as JSON, on the span of a single prediction, if that is wanted."""
        if self._names_predictions and span.is_recording():
            span.set_attribute("model.prediction", encode())

    def trace_health_check(self, scope: Scope) -> AbstractContextManager[Span]:
        """A span over one health check."""
        return self._start_server_span("health_check", scope, {"url.path": scope["path"]})

    def trace_preparation(self) -> AbstractContextManager[Span]:
        """A span over the validation of a request's body, if the request's own span is recorded."""
        if not get_current_span().is_recording():
            return _NO_SPAN
        return self._tracer.start_as_current_span(
            "data_preparation", attributes=self._model, record_exception=False
        )

    def record_call(self, call: ModelCall) -> None:
        """Make the span of a micro-batch's inference."""
        self.record_inference(
            [row.origin for row in call.rows if row.origin is not None],
            call.inference_s,
            {"batch.size": len(call.rows), "queue.wait_seconds": call.started_s - call.rows[0].queued_s},
            call.error,
        )

    def record_inference(
        self,
        requests: list[SpanContext],
        inference_s: float,
        attributes: Mapping[str, float],
        error: Exception | None = None,
    ) -> None:
        """Make the span of a call of the model that ended now, if one of its requests is sampled.

        Its parent is the first sampled request, and it is linked to all sampled requests.
        """
        requests = [context for context in requests if context.trace_flags.sampled]
        if not requests:
            return
        ended_ns = time.time_ns()
        span = self._tracer.start_span(
            "model_inference",
            context=set_span_in_context(NonRecordingSpan(requests[0])),
            links=[Link(context) for context in requests],
            attributes={**self._model, "model.inference_time_seconds": inference_s, **attributes},
            start_time=ended_ns - int(inference_s * 1e9),
        )
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, str(error)))
        span.end(ended_ns)

    def close(self) -> None:
        """Export the remaining spans."""
        self._provider.shutdown()

    def _start_server_span(
        self, name: str, scope: Scope, attributes: Mapping[str, str]
    ) -> AbstractContextManager[Span]:
        carrier = {
            key.decode("latin-1"): value.decode("latin-1")
            for key, value in scope["headers"]
            if key in (b"traceparent", b"tracestate")
        }
        span = self._tracer.start_span(
            name, context=_W3C.extract(carrier), kind=SpanKind.SERVER, attributes=dict(attributes)
        )
        # A span that is not recorded has no children, so it needn't become the current one.
        return use_span(span, end_on_exit=True) if span.is_recording() else nullcontext(span)
