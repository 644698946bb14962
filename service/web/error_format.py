"""Gives all errors of the framework's routes one format, and corrects their documentation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from ml_base.utilities import ModelManager
from rest_model_service.schemas import Error, ModelMetadata
from starlette.exceptions import HTTPException
from starlette.routing import Route

METADATA_PATH: Final = "/api/models/{model_qualified_name}/metadata"
ROOT_PATH: Final = "/"

logger = logging.getLogger(__name__)


def unify_errors(app: FastAPI) -> None:
    """Have `app` answer every error in rest_model_service's format, and document it so."""
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_error)
    # Before the routes of rest_model_service, whose own route for this path would match first.
    app.router.routes.insert(0, Route(METADATA_PATH, _answer_metadata, methods=["GET"]))
    _document_errors(app)


async def _answer_metadata(request: Request) -> JSONResponse:
    """A model's name, version and schemas; 404 for an unknown model, where rest_model_service answers 500."""
    name = request.path_params["model_qualified_name"]
    manager = ModelManager()
    known = [model["qualified_name"] for model in manager.get_models()]
    if name not in known:
        raise HTTPException(404, f"There is no model '{name}'; there is {', '.join(known) or 'none'}.")
    return JSONResponse(ModelMetadata(**manager.get_model_metadata(name)).model_dump())


async def _answer_invalid_request(_: Request, exception: Exception) -> JSONResponse:
    """400 with a sentence for each fault, for a body that is not JSON or does not match the schema."""
    assert isinstance(exception, RequestValidationError)
    messages = [
        f"Field '{', '.join(map(str, error['loc']))}' has error '{error['type']}', {error['msg']}."
        for error in exception.errors()
    ]
    logger.debug("invalid request: %s", messages)
    return _make_error_reply(400, "ValidationError", messages)


async def _answer_http_error(_: Request, exception: Exception) -> JSONResponse:
    """Any other error (404, 405, ...) in the same format, named after its status."""
    assert isinstance(exception, HTTPException)
    name = HTTPStatus(exception.status_code).phrase.title().replace(" ", "")
    return _make_error_reply(exception.status_code, name, [exception.detail], exception.headers)


def _make_error_reply(
    status: int, name: str, messages: list[str], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(Error(type=name, messages=messages).model_dump(), status, headers)


def _document_errors(app: FastAPI) -> None:
    """Correct the OpenAPI document: 400 instead of FastAPI's 422, the 404 of the metadata, the root's 307."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        paths = document["paths"]
        for operations in paths.values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        responses = paths[METADATA_PATH]["get"]["responses"]
        responses["404"] = {**responses["500"], "description": "Not Found"}
        paths[ROOT_PATH]["get"]["responses"] = {"307": {"description": "The documentation is at /docs."}}
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
