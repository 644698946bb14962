"""OpenAPI documents as sketches of scenarios."""

from __future__ import annotations

from typing import Any

import pytest

from loadtests.scaffolding.openapi import sketch_openapi
from loadtests.scaffolding.sketch import EndpointSketch, ScaffoldingError, ServiceSketch

JSON = "application/json"
RECORD = {"content": {JSON: {"schema": {"type": "object", "properties": {"age": {"type": "integer"}}}}}}


def sketch(paths: dict[str, Any], prefix: str = "", **more: Any) -> ServiceSketch:
    document = {"openapi": "3.0.3", "info": {"title": "Größe & Co"}, "paths": paths, **more}
    return sketch_openapi(document, "a document", prefix)


def sketch_one(method: str, path: str, operation: dict[str, Any], **more: Any) -> EndpointSketch:
    (made,) = sketch({path: {method: {"responses": {}, **operation}}}, **more).endpoints
    return made


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"swagger": "2.0"}, "Swagger 2.0"),
        ({"openapi": "4.0.0"}, "OpenAPI 4.0.0"),
        ({"openapi": "3.1.0", "paths": {}}, "describes no operation"),
    ],
)
def test_what_can_t_be_read_is_told(document: dict[str, Any], words: str) -> None:
    with pytest.raises(ScaffoldingError, match=words):
        sketch_openapi(document, "a document")


def test_the_scenario_is_called_after_the_title() -> None:
    assert sketch({"/a": {"get": {}}}).name == "groe-co"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/items"),
        ("put", "/items"),
        ("patch", "/items"),
        ("post", "/model/retrain"),
        ("get", "/health"),
    ],
)
def test_what_a_first_load_test_leaves_alone(method: str, path: str) -> None:
    assert sketch_one(method, path, {}).left_out is not None


@pytest.mark.parametrize(
    ("method", "path"), [("post", "/predict"), ("get", "/healthy-recipes"), ("get", "/items")]
)
def test_what_it_sends(method: str, path: str) -> None:
    assert sketch_one(method, path, {}).left_out is None


def test_predictions_weigh_more_than_what_has_no_body() -> None:
    assert sketch_one("post", "/predict", {"requestBody": RECORD}).weight > sketch_one("get", "/a", {}).weight


def test_parameters_that_are_needed_are_filled_in_and_others_left_out() -> None:
    made = sketch_one(
        "get",
        "/shops/{shop-id}/items",
        {
            "parameters": [
                {"name": "shop-id", "in": "path", "required": True, "schema": {"enum": [3, 4]}},
                {
                    "name": "$top",
                    "in": "query",
                    "required": True,
                    "schema": {"type": "integer", "maximum": 5},
                },
                {"name": "filter", "in": "query", "schema": {"type": "string"}},
                {"name": "X-Tenant", "in": "header", "required": True, "example": "blue"},
            ]
        },
    )
    assert made.path == "/shops/{shop_id}/items?%24top={_top}"
    assert made.headers == {"X-Tenant": "{X_Tenant}"}
    assert made.values == {
        "shop_id": {"choice": [3, 4]},
        "_top": {"uniform": [1, 5], "whole": True},
        "X_Tenant": {"choice": ["blue"]},
    }
    assert [guess for guess in made.guesses if "$top" in guess], "one end of its range is a guess"


def test_a_parameter_that_its_document_forgot_is_filled_in_and_told() -> None:
    made = sketch_one("get", "/items/{id}", {})
    assert made.values == {"id": {"faker": "word"}}
    assert "'id'" in made.guesses[0]


def test_a_path_is_written_as_it_can_be_sent() -> None:
    assert sketch_one("get", "/größe x/a#b", {}).path == "/gr%C3%B6%C3%9Fe%20x/a%23b"


def test_a_parameter_of_an_operation_replaces_that_of_its_path() -> None:
    item = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {"parameters": [{"name": "id", "in": "path", "required": True, "example": 7}]},
    }
    (made,) = sketch({"/items/{id}": item}).endpoints
    assert made.values == {"id": {"choice": [7]}}


@pytest.mark.parametrize(
    ("server", "prefix", "path"),
    [
        ("/api/v1", "", "/api/v1/a"),
        ("https://elsewhere.example/api/", "", "/api/a"),
        ("/api/v1", "/api/v1", "/a"),
        ("https://{region}.example/x", "", "/a"),
    ],
)
def test_paths_begin_with_that_of_the_server(server: str, prefix: str, path: str) -> None:
    (made,) = sketch({"/a": {"get": {}}}, prefix, servers=[{"url": server}]).endpoints
    assert made.path == path


def test_statuses_are_those_of_the_document() -> None:
    made = sketch_one("post", "/a", {"requestBody": RECORD, "responses": {"201": {}, "422": {}, "404": {}}})
    assert made.expect == {"realistic": (201,), "invalid": (422,)}


def test_replies_are_held_to_required_numbers() -> None:
    schema = {
        "type": "object",
        "properties": {
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "detail": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
            "note": {"type": "number"},
        },
        "required": ["score", "detail"],
    }
    made = sketch_one("get", "/a", {"responses": {"200": {"content": {JSON: {"schema": schema}}}}})
    assert made.reply == {"fields": {"score": {"min": 0, "max": 1}, "detail.n": "number"}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"image/png": {}}, "raw"),
        ({JSON: {}}, "does not say"),
        (
            {"multipart/form-data": {"schema": {"properties": {"photo": {"format": "binary"}}}}},
            "photo: folder",
        ),
    ],
)
def test_bodies_that_can_t_be_made_are_left_out_with_what_to_do(content: dict[str, Any], words: str) -> None:
    assert words in str(sketch_one("post", "/a", {"requestBody": {"content": content}}).left_out)


def test_one_operation_that_can_t_be_read_hides_no_other() -> None:
    broken = {"requestBody": {"content": {JSON: {"schema": {"$ref": "other.json#/X"}}}}}
    made = sketch({"/a": {"post": broken}, "/b": {"get": {}}})
    assert [each.path for each in made.sent] == ["/b"]
    assert "other.json" in str(made.endpoints[0].left_out)


def secure(scheme: dict[str, Any], **more: Any) -> ServiceSketch:
    paths = {"/a": {"get": {"security": [{"it": []}]}}, "/free": {"get": {"security": []}}, **more}
    return sketch(paths, components={"securitySchemes": {"it": scheme}})


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Api-Key"}, {"X-Api-Key": "${X_API_KEY}"}),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, {"Cookie": "sid=${SID}"}),
        ({"type": "http", "scheme": "bearer"}, {"Authorization": "Bearer ${SERVICE_TOKEN}"}),
        ({"type": "http", "scheme": "Basic"}, {"Authorization": "Basic ${SERVICE_BASIC_CREDENTIALS}"}),
    ],
)
def test_security_schemes_become_headers_from_the_environment(
    scheme: dict[str, Any], headers: dict[str, str]
) -> None:
    needing, free = secure(scheme).endpoints
    assert (needing.headers, free.headers) == (headers, {})


def test_credentials_that_may_be_left_out_are() -> None:
    """An empty alternative says that the operation works without any."""
    optional = {"/maybe": {"get": {"security": [{"it": []}, {}]}}}
    made = secure({"type": "http", "scheme": "bearer"}, **optional)
    assert [each.headers for each in made.endpoints if each.path == "/maybe"] == [{}]


def test_a_scheme_that_can_t_be_filled_in_is_told() -> None:
    needing, _ = secure({"type": "apiKey", "in": "query", "name": "key"}).endpoints
    assert any("apiKey in query" in guess for guess in needing.guesses)


def test_a_password_flow_becomes_a_login() -> None:
    made = secure({"type": "oauth2", "flows": {"password": {"tokenUrl": "auth/token", "scopes": {}}}})
    assert made.login is not None
    assert (made.login.path, made.login.take) == ("/auth/token", {"token": "access_token"})
    assert made.login.payload is not None
    assert made.login.payload["encoding"] == "form"
    assert made.endpoints[0].headers == {"Authorization": "Bearer {token}"}


def test_an_endpoint_that_takes_a_password_and_returns_a_token_is_a_login() -> None:
    sent = {"type": "object", "properties": {"email": {"type": "string"}, "password": {"type": "string"}}}
    returned = {"type": "object", "properties": {"jwt": {"type": "string"}}}
    login = {
        "requestBody": {"content": {JSON: {"schema": sent}}},
        "responses": {"200": {"content": {JSON: {"schema": returned}}}},
    }
    made = secure({"type": "http", "scheme": "bearer"}, **{"/v1/login": {"post": login}})
    assert made.login is not None
    assert made.login.payload == {
        "fields": {"email": {"constant": "${SERVICE_USER}"}, "password": {"constant": "${SERVICE_PASSWORD}"}}
    }
    assert made.login.take == {"token": "jwt"}
    assert [each.path for each in made.endpoints] == ["/a", "/free"], "the login is no endpoint besides"


@pytest.mark.parametrize(
    ("identifier", "method", "path", "name"),
    [
        ("read_order_orders__number__get", "get", "/orders/{number}", "read_order"),
        (
            "PredictionController_api_models_iris_prediction_post",
            "post",
            "/api/models/iris/prediction",
            "iris_prediction",
        ),
        ("listPets", "get", "/pets", "listPets"),
        (None, "get", "/pets/{id}/toys", "get_pets_toys"),
        (None, "get", "/", "get_root"),
    ],
)
def test_operations_have_short_names(identifier: str | None, method: str, path: str, name: str) -> None:
    operation = {} if identifier is None else {"operationId": identifier}
    assert sketch_one(method, path, operation).name == name


def test_names_are_unique() -> None:
    made = sketch({"/a": {"get": {"operationId": "x"}}, "/b": {"get": {"operationId": "x"}}})
    assert [each.name for each in made.endpoints] == ["x", "x_2"]
