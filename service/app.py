"""The service: rest_model_service with the suite's own manners towards bad requests and a bad start."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from ml_base import MLModel
from ml_base.utilities import ModelManager
from rest_model_service.helpers import create_app
from rest_model_service.schemas import Error, ModelMetadata
from starlette.exceptions import HTTPException
from starlette.routing import Route

from service.configuration import StartError, SuiteConfiguration, configuration_path, read_configuration
from service.model.model_file import ModelFileError
from service.observability.tracing import TracingError, configure_tracing
from service.web.http_metrics import HttpMetrics
from service.web.routes import add_batched_endpoints

COLLECT_AFTER = (50_000, 20, 1_000)
"""New objects, and collections of the younger generations, after which the garbage collector walks."""
_METADATA_PATH = "/api/models/{model_qualified_name}/metadata"

logger = logging.getLogger(__name__)


def build_app(configuration: SuiteConfiguration) -> FastAPI:
    """The application, its models loaded: it answers from the first request on. Raises `ModelFileError`.

    rest_model_service could load the models while the server already listens; then a model that can't be
    loaded leaves a process that never becomes ready. With a `serving` section predictions are batched; raises
    `TracingError` then, if OTEL_* variables ask for what there is not.
    """
    logging.getLogger("rest_model_service.helpers").addFilter(_is_no_model_file_error)
    tracing = None
    if configuration.serving is not None:
        tracing = configure_tracing(os.environ, configuration.service_title)
    with tracing.trace_loading(_loaded) if tracing is not None else nullcontext():
        app: FastAPI = create_app(configuration, wait_for_model_creation=True)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_error)
    # Routes of included routers sit in a wrapper: only a route before it is asked first.
    app.router.routes.insert(0, Route(_METADATA_PATH, _metadata, methods=["GET"]))
    _document_errors(app)
    metrics = configuration.metrics if configuration.metrics and configuration.metrics.enabled else None
    http_metrics = HttpMetrics(app, metrics) if metrics is not None else None
    if configuration.serving is not None:
        add_batched_endpoints(
            app, _models_to_serve(configuration), configuration.serving, http_metrics, tracing
        )
    return app


def _models_to_serve(configuration: SuiteConfiguration) -> list[MLModel]:
    """The loaded models that rest_model_service was told to make no endpoint for."""
    manager = ModelManager()
    names = [model["qualified_name"] for model in manager.get_models()]
    declared = zip(names, configuration.models, strict=True)
    return [manager.get_model(name) for name, entry in declared if not entry.create_endpoint]


def _loaded() -> list[tuple[str, str]]:
    """Each model's name and version."""
    return [(model["qualified_name"], model["version"]) for model in ModelManager().get_models()]


def _is_no_model_file_error(record: logging.LogRecord) -> bool:
    """Keep the traceback of a `ModelFileError` out of the log: the start ends with its sentence."""
    return not (record.exc_info and isinstance(record.exc_info[1], ModelFileError))


async def _metadata(request: Request) -> JSONResponse:
    """A model's name, version and schemas."""
    name = request.path_params["model_qualified_name"]
    manager = ModelManager()
    known = [model["qualified_name"] for model in manager.get_models()]
    if name not in known:
        raise HTTPException(404, f"There is no model '{name}'; there is {', '.join(known) or 'none'}.")
    return JSONResponse(ModelMetadata(**manager.get_model_metadata(name)).model_dump())


async def _answer_invalid_request(_: Request, exception: Exception) -> JSONResponse:
    """400 with a sentence for each fault, for a body that is no JSON as for one outside the schema."""
    assert isinstance(exception, RequestValidationError)
    messages = [
        f"Field '{', '.join(map(str, error['loc']))}' has error '{error['type']}', {error['msg']}."
        for error in exception.errors()
    ]
    logger.debug("invalid request: %s", messages)
    return _error(400, "ValidationError", messages)


async def _answer_http_error(_: Request, exception: Exception) -> JSONResponse:
    """Any other refusal (404, 405, ...) in the same shape, named after its status."""
    assert isinstance(exception, HTTPException)
    name = HTTPStatus(exception.status_code).phrase.title().replace(" ", "")
    return _error(exception.status_code, name, [exception.detail], exception.headers)


def _error(
    status: int, name: str, messages: list[str], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(Error(type=name, messages=messages).model_dump(), status, headers)


def _document_errors(app: FastAPI) -> None:
    """Let the OpenAPI document say what is answered: 400 where FastAPI would answer 422, and the 404."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        paths = document["paths"]
        for operations in paths.values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        responses = paths[_METADATA_PATH]["get"]["responses"]
        responses["404"] = {**responses["500"], "description": "Not Found"}
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _start() -> FastAPI:
    """The application of the file that REST_CONFIG names; ends the process with a sentence if it can't be."""
    try:
        app = build_app(read_configuration(configuration_path()))
    except (StartError, ModelFileError, TracingError) as error:
        sys.exit(str(error))
    _settle()
    return app


def _settle() -> None:
    """Spare requests the garbage collector's walks.

    Over what start-up made, which stays: a full one takes 0.1 s. And over what requests are made of, which
    counting references frees: with the default threshold of 700 objects the collector walks all requests
    under way again and again. Rarer walks made the p99 at 15,000 requests a second a third (medians of four
    runs of 6 s each, in turn: 13.3 ms and 4.9 ms; a constant reply 3.7 ms).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


app = _start()
