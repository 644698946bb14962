"""Finds what a service takes: by its OpenAPI document, the Open Inference Protocol, or rest_model_service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loadtests.scaffolding.asking import DocumentReader, find_mapping
from loadtests.scaffolding.inference_protocol import TensorInput, sketch_models, speaks_v2
from loadtests.scaffolding.openapi import sketch_openapi
from loadtests.scaffolding.prediction_service import sketch_prediction_service
from loadtests.scaffolding.sketch import ScaffoldingError, ServiceSketch

OPENAPI_PATHS: Final = ("/openapi.json", "/docs.json", "/v3/api-docs")
"""Where FastAPI, BentoML and Spring serve their documents."""


def discover_service(
    reader: DocumentReader,
    openapi: str | None = None,
    model: str | None = None,
    inputs: Sequence[TensorInput] = (),
) -> ServiceSketch:
    """What the service says of itself; `openapi` is a file or a URL, `model` a name.

    ScaffoldingError where nobody answers, and where nothing is found: it says what was asked and what came.
    """
    if openapi is not None:
        return _read_given(reader, openapi)
    found = None
    if model is None and not inputs:
        found = _find_openapi(reader)
    found = found or sketch_models(reader, model, inputs) or sketch_prediction_service(reader, model)
    if found is not None:
        return found
    what = "describes itself nowhere" if model is None else f"knows no model {model!r}"
    remedy = (
        "give its OpenAPI document (--openapi FILE|URL) or the name of a model (--model NAME)"
        if model is None
        else "look for its name in the service's own list or log"
    )
    asked = "\n  ".join(reader.asked)
    raise ScaffoldingError(f"{reader.target.url} answers, but {what}: {remedy}. It was asked\n  {asked}")


def _read_given(reader: DocumentReader, place: str) -> ServiceSketch:
    document = find_mapping(reader.load_document(place))
    if document is None or not {"openapi", "swagger"} & document.keys():
        raise ScaffoldingError(f"{place} is no OpenAPI document: it has no key 'openapi'")
    return sketch_openapi(document, f"the OpenAPI document {place}", reader.target.prefix)


def _find_openapi(reader: DocumentReader) -> ServiceSketch | None:
    """The service by its own document, unless that describes the Open Inference Protocol and no model."""
    for path in OPENAPI_PATHS:
        document = find_mapping(reader.ask(path), "openapi")
        if document is not None:
            is_protocol = speaks_v2(document)
            return (
                None
                if is_protocol
                else sketch_openapi(document, f"its OpenAPI document ({path})", reader.target.prefix)
            )
    return None
