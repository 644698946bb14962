"""Adds the batched endpoints of the models, and the middleware around them, to rest_model_service's app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Response
from ml_base import MLModel
from pydantic import BaseModel, Field
from rest_model_service.routes import PredictionController
from rest_model_service.schemas import Error

from service.batching.admission import AdmissionControl
from service.batching.batch_endpoint import BatchEndpoint
from service.batching.inference import ModelRunner
from service.batching.micro_batcher import MicroBatcher
from service.batching.pending_rows import BatchListener
from service.batching.row_codec import RowCodec
from service.batching.settings import ServingSettings
from service.batching.single_endpoint import PredictionEndpoint
from service.batching.watchdog import Watchdog
from service.observability.logs import RequestLog
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Tracing
from service.observability.worker_gauges import remove_gauges_of_this_process
from service.web.drain import Drain
from service.web.fast_path_route import FastPathRoute
from service.web.http_metrics import HttpMetrics
from service.web.middleware import STATE_KEY, RequestMiddleware
from service.web.request_accounting import RequestAccounting

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "What was sent is not valid."},
    413: {"model": Error, "description": "More was sent than is answered at once."},
    500: {"model": Error, "description": "The model failed; the message has an error id."},
    503: {"model": Error, "description": "The service is overloaded; Retry-After says when to come back."},
    504: {"model": Error, "description": "There was no prediction within the deadline."},
}


def add_batched_endpoints(
    app: FastAPI,
    models: Iterable[MLModel],
    settings: ServingSettings,
    http_metrics: HttpMetrics | None,
    tracing: Tracing | None,
) -> None:
    """Add the endpoints of models that rest_model_service made none for.

    A model without `predict_batch` gets rest_model_service's own endpoint.
    """
    metrics = InferenceMetrics()
    routes: list[FastPathRoute] = []
    batchers: list[MicroBatcher[Any, Any]] = []
    watchdog = Watchdog(settings.deadline_ms / 2e3) if settings.micro_batch.inline_ms else None
    for model in models:
        if has_batches(model):
            batcher, model_routes = _build_model_routes(model, settings, metrics, tracing, watchdog)
            batchers.append(batcher)
            routes += model_routes
        else:
            _add_stock_endpoint(app, model)

    def depth() -> int:
        return sum(batcher.depth for batcher in batchers)

    metrics.watch_depth(depth)
    drain = Drain(settings.drain_notice_s)
    request_log = RequestLog(settings.logged_share, settings.logged_refusals_per_s)
    accounting = RequestAccounting(request_log, metrics, http_metrics, depth)
    middleware = RequestMiddleware(accounting, drain)
    for route in routes:
        middleware.add_endpoint(route.path, route.fast_path_endpoint)
    app.add_middleware(middleware.wrap)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, RequestMiddleware]]:
        drain.install()
        yield {STATE_KEY: middleware}
        request_log.tell_left_out()
        remove_gauges_of_this_process()

    app.include_router(APIRouter(routes=[*routes], lifespan=lifespan))


def has_batches(model: MLModel) -> bool:
    """Whether the model predicts batches, so that its single predictions may share calls."""
    return callable(getattr(model, "predict_batch", None))


def _build_model_routes(
    model: MLModel,
    settings: ServingSettings,
    metrics: InferenceMetrics,
    tracing: Tracing | None,
    watchdog: Watchdog | None,
) -> tuple[MicroBatcher[Any, Any], list[FastPathRoute]]:
    """The micro-batcher of one model, and its routes: for a single prediction, and for a batch."""
    schemas = model.input_schema, model.output_schema
    micro_batch, queue, deadline_s = settings.micro_batch, settings.queue, settings.deadline_ms / 1e3
    inline_s = micro_batch.inline_ms / 1e3
    runner: ModelRunner[BaseModel, BaseModel] = ModelRunner(model.predict_batch, inline_s, watchdog)
    for example in schemas[0].model_json_schema().get("examples", ())[:1]:
        runner.warm_up(schemas[0].model_validate(example), (1, micro_batch.max_rows))
    admission = AdmissionControl(
        queue.max_rows, queue.admitted_share, micro_batch.max_rows, deadline_s * queue.deadline_share
    )
    metrics.watch_limit(lambda: admission.limit)
    listeners: list[BatchListener] = [admission.observe_batch, metrics.record_call]
    if tracing is not None:
        tracing = tracing.for_model(model.qualified_name, model.version)
        listeners.append(tracing.record_call)
    batcher = MicroBatcher(runner, micro_batch.max_rows, micro_batch.max_wait_ms / 1e3, listeners)
    max_bytes = int(settings.max_body_kib * 2**10)
    single = PredictionEndpoint(schemas, batcher, admission, deadline_s, max_bytes, metrics, tracing)
    batch = BatchEndpoint(
        RowCodec(*schemas),
        runner,
        settings.explicit_batch,
        lambda: batcher.depth,
        admission,
        metrics,
        tracing,
    )
    path = f"/api/models/{model.qualified_name}/prediction"
    return batcher, [
        FastPathRoute(
            path,
            single,
            {"data": schemas[0]},
            response_model=schemas[1],
            description=model.description,
            responses=_REFUSALS,
        ),
        FastPathRoute(
            f"{path}/batch",
            batch,
            {"data": Annotated[list[schemas[0]], Field(min_length=1)], "partial": bool},  # type: ignore[valid-type]
            response_model=list[schemas[1] | Error],  # type: ignore[valid-type]
            description=f"{model.description} One result a record, in their order. An invalid record refuses "
            "the batch; with `partial=true` its error stands in its place.",
            responses=_REFUSALS,
        ),
    ]


def _add_stock_endpoint(app: FastAPI, model: MLModel) -> None:
    """Add the endpoint that rest_model_service makes for `create_endpoint: true`."""
    controller = PredictionController(model=model)

    def predict(data: Any) -> Response:
        response: Response = controller(data)
        return response

    predict.__annotations__ = {"data": model.input_schema}
    app.add_api_route(
        f"/api/models/{model.qualified_name}/prediction",
        predict,
        methods=["POST"],
        name=PredictionController.__name__,
        response_model=model.output_schema,
        description=model.description,
        responses={400: {"model": Error}, 500: {"model": Error}},
    )
