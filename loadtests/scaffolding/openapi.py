"""Reads an OpenAPI document (3.0, 3.1): each operation as a request of a scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from configuration.endpoint import METHODS
from loadtests.scaffolding.bodies import BodySketch, find_reply, sketch_body
from loadtests.scaffolding.credentials import find_login, read_needs
from loadtests.scaffolding.naming import make_unique, name_operation, name_scenario
from loadtests.scaffolding.openapi_schemas import SchemaBundler
from loadtests.scaffolding.parameters import fill_parameters
from loadtests.scaffolding.replies import sketch_reply
from loadtests.scaffolding.sketch import EndpointSketch, ScaffoldingError, ServiceSketch

PREDICTING_WEIGHT: Final = 5
"""The weight of requests with a body, next to 1 of those without: most load on a model is predictions."""
UNSAFE: Final = ("PUT", "PATCH", "DELETE")
_CHANGING: Final = re.compile(
    r"(^|[/_:-])(delete|drop|fit|kill|load|purge|reload|remove|reset|restart|retrain|shutdown|stop|train|unload)$"
)
_MONITORING: Final = re.compile(
    r"(^|/)(health\w*|livez?|liveness|readyz?|readiness|startup|ping|metrics|version|docs|redoc|favicon\.ico"
    r"|openapi\.(json|yaml))(/|$)"
)


def sketch_openapi(document: Mapping[str, Any], source: str, prefix: str = "") -> ServiceSketch:
    """The service that a document describes; `prefix` is the path that its user's URL has already.

    ScaffoldingError for another version, or for a document without any operation.
    """
    version = str(document.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        told = f"Swagger {document['swagger']}" if "swagger" in document else f"OpenAPI {version or '?'}"
        raise ScaffoldingError(f"{source} is {told}; OpenAPI 3.0 and 3.1 are read: convert it first")
    reader = _OperationReader(document, prefix)
    found = reader.sketch_all()
    if not found:
        raise ScaffoldingError(f"{source} describes no operation")
    login = find_login(reader.schemes, [sketch for sketch, _ in found], f"{reader.base}/")
    endpoints = tuple(
        _secure(sketch, wanted, reader.schemes, login)
        for sketch, wanted in found
        if not _is_same(sketch, login)
    )
    title = str(document.get("info", {}).get("title") or "service")
    return ServiceSketch(name_scenario(title), title, source, endpoints, login, _GUESSES)


_GUESSES: Final = (
    f"weights: requests with a body are taken for {PREDICTING_WEIGHT} times as frequent as those without",
)


def _is_same(sketch: EndpointSketch, login: EndpointSketch | None) -> bool:
    return login is not None and (sketch.method, sketch.path) == (login.method, login.path)


def _secure(
    sketch: EndpointSketch, wanted: Any, schemes: Mapping[str, Any], login: EndpointSketch | None
) -> EndpointSketch:
    """The endpoint with the headers that its security schemes ask for."""
    needs = read_needs(wanted, schemes, login)
    guesses = (*sketch.guesses, *needs.guesses)
    return replace(sketch, headers={**sketch.headers, **needs.headers}, guesses=guesses)


class _OperationReader:
    """Makes sketches of the operations of one document."""

    def __init__(self, document: Mapping[str, Any], prefix: str) -> None:
        self._document = document
        self._bundler = SchemaBundler(document)
        self.base = _find_base(document.get("servers") or [], prefix)
        """The path before each path of the document, without a trailing slash."""
        self.schemes: Mapping[str, Any] = {
            name: self._bundler.resolve(scheme)
            for name, scheme in document.get("components", {}).get("securitySchemes", {}).items()
        }

    def sketch_all(self) -> list[tuple[EndpointSketch, Any]]:
        """Each operation, and the security that it asks for."""
        operations = list(self._list_operations())
        names = make_unique(
            [name_operation(held.get("operationId"), method, path) for path, method, held, _ in operations]
        )
        return [
            (
                self._sketch(name, path, method, held, parameters),
                held.get("security", self._document.get("security")),
            )
            for name, (path, method, held, parameters) in zip(names, operations, strict=True)
        ]

    def _list_operations(self) -> Iterator[tuple[str, str, Mapping[str, Any], Sequence[Any]]]:
        """Path, method, operation and parameters of each operation whose method can be sent."""
        for path, item in (self._document.get("paths") or {}).items():
            resolved = self._bundler.resolve(item)
            for method in METHODS:
                operation = resolved.get(method.lower())
                if isinstance(operation, Mapping):
                    own = [self._bundler.resolve(each) for each in operation.get("parameters", [])]
                    named = {(each.get("name"), each.get("in")) for each in own}
                    shared = map(self._bundler.resolve, resolved.get("parameters", []))
                    kept = [each for each in shared if (each.get("name"), each.get("in")) not in named]
                    yield str(path), method, operation, [*kept, *own]

    def _sketch(
        self, name: str, path: str, method: str, operation: Mapping[str, Any], parameters: Sequence[Any]
    ) -> EndpointSketch:
        """One operation; what can't be sent says why."""
        try:
            filled = fill_parameters(self.base + path, parameters, self._bundler)
            body = sketch_body(self._bundler.resolve(operation.get("requestBody")), self._bundler)
            success, reply_schema = find_reply(operation.get("responses", {}), self._bundler)
        except ScaffoldingError as error:
            return EndpointSketch(name, method, self.base + path, left_out=str(error))
        return EndpointSketch(
            name=name,
            method=method,
            path=filled.path,
            values=filled.values,
            headers=filled.headers,
            payload=body.payload,
            payload_schema=body.schema,
            reply_schema=reply_schema,
            reply=sketch_reply(reply_schema),
            expect=_expect(success, operation.get("responses", {}), body),
            weight=1 if body.payload is None else PREDICTING_WEIGHT,
            guesses=(*filled.guesses, *body.guesses),
            left_out=body.problem or _find_reason(path, method),
        )


def _expect(
    success: int | None, responses: Mapping[str, Any], body: BodySketch
) -> dict[str, tuple[int, ...]]:
    """Statuses that are right: the documented success unless it is 200; those that refuse invalid records."""
    found: dict[str, tuple[int, ...]] = {}
    if success is not None and success != 200:
        found["realistic"] = (success,)
    refusals = tuple(status for status in (400, 422) if str(status) in map(str, responses))
    if refusals and "invalid" in (body.payload or {}).get("kinds", {}):
        found["invalid"] = refusals
    return found


def _find_reason(path: str, method: str) -> str | None:
    """Why an operation is not sent by a first load test."""
    if method in UNSAFE or _CHANGING.search(path.rstrip("/")):
        return "it changes what the service holds; uncomment it if the load may do that"
    if method in ("GET", "HEAD") and _MONITORING.search(path):
        return "it is asked by monitoring and browsers, not by clients"
    return None


def _find_base(servers: Sequence[Mapping[str, Any]], prefix: str) -> str:
    """The path of the first server, unless the user's URL has it already."""
    address = servers[0].get("url", "") if servers else ""
    path = urlsplit(str(address)).path.rstrip("/") if "{" not in str(address) else ""
    return "" if not path or prefix.endswith(path) else f"/{path.lstrip('/')}"
