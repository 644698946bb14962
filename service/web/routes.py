"""Puts the batched endpoints of the models, and the layer around them, on rest_model_service's app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from ml_base import MLModel
from pydantic import BaseModel
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
from service.observability.logs import RequestLog
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Tracing
from service.observability.worker_gauges import remove_gauges_of_this_process
from service.web.drain import Drain
from service.web.fast_path_route import FastPathRoute
from service.web.http_metrics import HttpMetrics
from service.web.middleware import STATE, Front

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "What was sent is not valid."},
    413: {"model": Error, "description": "More was sent than is answered at once."},
    500: {"model": Error, "description": "The model failed; the message has an error id."},
    503: {"model": Error, "description": "The service is overloaded; Retry-After says when to come back."},
    504: {"model": Error, "description": "There was no prediction within the deadline."},
}


def serve_in_batches(
    app: FastAPI,
    models: Iterable[MLModel],
    serving: ServingSettings,
    http_metrics: HttpMetrics | None,
    tracing: Tracing | None,
) -> None:
    """Add the endpoints of models that rest_model_service made none for.

    A model without `predict_batch` gets rest_model_service's own endpoint.
    """
    metrics = InferenceMetrics()
    routes: list[FastPathRoute] = []
    batchers: list[MicroBatcher[Any, Any]] = []
    for model in models:
        if callable(getattr(model, "predict_batch", None)):
            batchers.append(_add_endpoints(model, serving, metrics, tracing, routes))
        else:
            _add_stock_endpoint(app, model)

    def depth() -> int:
        return sum(batcher.depth for batcher in batchers)

    metrics.watch_depth(depth)
    drain = Drain(serving.drain_notice_s)
    front = Front(
        log=RequestLog(serving.logged_share),
        metrics=metrics,
        http_metrics=http_metrics,
        depth=depth,
        drain=drain,
        tracing=tracing,
    )
    for route in routes:
        front.add(route.path, route.fast_path_endpoint)
    app.add_middleware(front.around)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Front]]:
        drain.install()
        yield {STATE: front}
        remove_gauges_of_this_process()
        if tracing is not None:
            tracing.close()

    app.include_router(APIRouter(routes=[*routes], lifespan=lifespan))


def _add_endpoints(
    model: MLModel,
    serving: ServingSettings,
    metrics: InferenceMetrics,
    tracing: Tracing | None,
    routes: list[FastPathRoute],
) -> MicroBatcher[Any, Any]:
    """The endpoints of one model: of a single prediction, and of a batch."""
    schemas = model.input_schema, model.output_schema
    micro_batch, queue, deadline_s = serving.micro_batch, serving.queue, serving.deadline_ms / 1e3
    inference: ModelRunner[BaseModel, BaseModel] = ModelRunner(
        model.predict_batch, micro_batch.inline_ms / 1e3
    )
    for example in schemas[0].model_json_schema().get("examples", ())[:1]:
        inference.warm_up(schemas[0].model_validate(example), (1, micro_batch.max_rows))
    admission = AdmissionControl(
        queue.max_rows, queue.admitted_share, micro_batch.max_rows, deadline_s * queue.deadline_share
    )
    metrics.watch_limit(lambda: admission.limit)
    listeners: list[BatchListener] = [admission.observe_batch, metrics.record_call]
    if tracing is not None:
        tracing = tracing.for_model(model.qualified_name, model.version)
        listeners.append(tracing.record_call)
    batcher = MicroBatcher(inference, micro_batch.max_rows, micro_batch.max_wait_ms / 1e3, listeners)
    most_bytes = int(serving.max_body_kib * 2**10)
    single = PredictionEndpoint(schemas, batcher, admission, deadline_s, most_bytes, metrics, tracing)
    several = BatchEndpoint(
        RowCodec(*schemas),
        inference,
        serving.explicit_batch,
        lambda: batcher.depth,
        admission,
        metrics,
        tracing,
    )
    path = f"/api/models/{model.qualified_name}/prediction"
    documented = {"description": model.description, "responses": _REFUSALS}
    routes.append(FastPathRoute(path, single, {"data": schemas[0]}, response_model=schemas[1], **documented))
    documented["description"] += (
        " One result a record, in their order. An invalid record refuses the batch; with `partial=true` its "
        "error stands in its place."
    )
    routes.append(
        FastPathRoute(
            f"{path}/batch",
            several,
            {"data": list[schemas[0]], "partial": bool},  # type: ignore[valid-type]
            response_model=list[schemas[1] | Error],  # type: ignore[valid-type]
            **documented,
        )
    )
    return batcher


def _add_stock_endpoint(app: FastAPI, model: MLModel) -> None:
    """What rest_model_service does for `create_endpoint: true`."""
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
