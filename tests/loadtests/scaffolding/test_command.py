"""`init` over real HTTP: what it writes, and what it says where it can't."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import requests
import yaml

from configuration.loading import load_file
from configuration.service_paths import DEFAULT_PATHS, ServicePaths
from loadtests.scaffolding.command import main
from tests.ports import find_free_port

SCORED = {
    "type": "object",
    "properties": {"score": {"type": "number"}},
    "required": ["score"],
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Scoring"},
    "paths": {
        "/score": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {"age": {"type": "integer", "minimum": 0}},
                                "required": ["age"],
                            }
                        }
                    }
                },
                "responses": {"200": {"content": {"application/json": {"schema": SCORED}}}, "422": {}},
            },
            "delete": {},
        }
    },
}


@pytest.fixture
def scoring(obedient: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service that describes itself, and refuses what is invalid."""
    monkeypatch.chdir(tmp_path)
    documents = {"/openapi.json": json.dumps(DOCUMENT).encode()}
    obedient.asked_for = lambda path: (
        answer(body=documents[path]) if path in documents else answer(404, b"{}")
    )

    def score(_: int) -> Any:
        age = obedient.bodies[-1].get("age") if isinstance(obedient.bodies[-1], dict) else None
        is_right = type(age) is int and age >= 0
        return answer(body=b'{"score": 0.5}') if is_right else answer(422, b"{}")

    obedient.answer = score
    return obedient


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Call with arguments: the sentence with which they are refused."""

    def refuse(*arguments: str) -> str:
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        return said.err

    return refuse


def test_it_writes_a_scenario_that_editors_and_readers_take(
    scoring: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([scoring.host]) == 0
    folder = tmp_path / "scenarios"
    file = folder / "scoring.yaml"
    assert sorted(path.name for path in folder.iterdir()) == [
        "scenario.schema.json",
        "scoring.score.payload.schema.json",
        "scoring.score.reply.schema.json",
        "scoring.yaml",
    ]
    scenario = load_file(file)
    (endpoint,) = scenario.traffic.endpoints
    assert (endpoint.method, endpoint.path, endpoint.expect) == ("POST", "/score", {"invalid": (422,)})
    schema = json.loads((folder / "scenario.schema.json").read_text())
    assert jsonschema_rs.validator_for(schema).is_valid(yaml.safe_load(file.read_text()))
    assert file.read_text().startswith("# yaml-language-server: $schema=scenario.schema.json\n")
    said = capsys.readouterr().out
    assert "→ POST /score" in said
    assert '← 200 {"score": 0.5}' in said
    assert "python -m loadtests --check scenarios/scoring.yaml" in said
    assert f"python -m loadtests --scenario scenarios/scoring.yaml --host {scoring.host}" in said


def test_what_is_left_out_can_be_uncommented(scoring: Any, tmp_path: Path) -> None:
    assert main([scoring.host]) == 0
    file = tmp_path / "scenarios" / "scoring.yaml"
    lines = file.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("    # Left out: it changes"))
    freed = [line.replace("    # ", "    ", 1) for line in lines[place + 1 :] if line.startswith("    # ")]
    file.write_text("\n".join([*lines[:place], *freed, *lines[place + 1 + len(freed) :]]))
    assert [each.method for each in load_file(file).traffic.endpoints] == ["POST", "DELETE"]


def test_headers_of_the_environment_are_sent_and_not_written(
    scoring: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOADTEST_HEADERS", "Authorization: Bearer planted")
    main([scoring.host])
    assert {each["authorization"] for each in scoring.headers} == {"Bearer planted"}
    written = "".join(path.read_text() for path in (tmp_path / "scenarios").iterdir())
    assert "planted" not in written + capsys.readouterr().out


def test_files_that_are_there_stay_unless_forced(scoring: Any, tmp_path: Path, refuse: Any) -> None:
    file = tmp_path / "scenarios" / "scoring.yaml"
    file.parent.mkdir()
    file.write_text("mine")
    assert "--force" in refuse(scoring.host)
    assert file.read_text() == "mine"
    assert main([scoring.host, "--force"]) == 0
    assert file.read_text() != "mine"


def test_the_file_may_have_another_name(scoring: Any, tmp_path: Path, refuse: Any) -> None:
    assert "ends in .yaml" in refuse(scoring.host, "--out", "mine.txt")
    assert main([scoring.host, "--out", str(tmp_path / "own" / "mine.yaml")]) == 0
    assert load_file(tmp_path / "own" / "mine.yaml").name == "mine"


def test_an_operation_that_no_scenario_can_state_hides_no_other(
    scoring: Any, answer: Any, tmp_path: Path
) -> None:
    odd = {"parameters": [{"name": "Not a token", "in": "header", "required": True, "example": 1}]}
    both = {**DOCUMENT, "paths": {**DOCUMENT["paths"], "/odd": {"get": odd}}}
    scoring.asked_for = lambda _: answer(body=json.dumps(both).encode())
    assert main([scoring.host]) == 0
    text = (tmp_path / "scenarios" / "scoring.yaml").read_text()
    assert "Left out: a scenario can't state it" in text
    assert "is no name of a header" in text


def test_a_document_may_be_elsewhere_and_headers_go_to_the_service_alone(
    scoring: Any, obedient_once: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADTEST_HEADERS", "Authorization: Bearer planted")
    sent: list[Any] = []
    monkeypatch.setattr(requests.Session, "get", spy_on(requests.Session.get, sent))
    obedient_once.asked_for = lambda _: answer(body=json.dumps(DOCUMENT).encode())
    assert main([scoring.host, "--openapi", f"{obedient_once.host}/own.json"]) == 0
    assert "Authorization" not in sent[0].headers
    assert all("Authorization" in session.headers for session in sent[1:])
    assert {each["authorization"] for each in scoring.headers} == {"Bearer planted"}


def spy_on(method: Callable[..., Any], called: list[Any]) -> Callable[..., Any]:
    """The method, which also keeps the objects that it is called on."""

    def call(itself: Any, *arguments: Any, **options: Any) -> Any:
        called.append(itself)
        return method(itself, *arguments, **options)

    return call


def test_a_document_may_lie_in_a_file(scoring: Any, answer: Any, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(DOCUMENT))
    scoring.asked_for = lambda _: answer(404, b"{}")
    assert main([scoring.host, "--openapi", "own.yaml"]) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "neither JSON nor YAML"), ("[]", "no OpenAPI document"), ("{}", "no OpenAPI document")],
)
def test_a_file_that_is_no_document_is_told(
    scoring: Any, tmp_path: Path, refuse: Any, content: str, words: str
) -> None:
    (tmp_path / "own.json").write_text(content)
    assert words in refuse(scoring.host, "--openapi", "own.json")
    assert "No such file" in refuse(scoring.host, "--openapi", "missing.json")


def test_nobody_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuse: Any) -> None:
    """Also where a document in a file is read and nobody was asked before."""
    monkeypatch.chdir(tmp_path)
    host = f"http://127.0.0.1:{find_free_port()}"
    assert f"{host} does not answer: connection refused" in refuse(host)
    (tmp_path / "own.json").write_text(json.dumps(DOCUMENT))
    assert f"{host} does not answer" in refuse(host, "--openapi", "own.json")
    assert not (tmp_path / "scenarios").exists()


def test_a_service_without_documents_is_told_with_what_was_asked(
    obedient: Any, answer: Any, refuse: Any
) -> None:
    obedient.asked_for = lambda path: (
        answer(body=b"<html>", headers={"Content-Type": "text/html"})
        if path == "/openapi.json"
        else answer(302, b"", {"Location": "/login"})
    )
    obedient.answer = lambda _: answer(404, b"{}")
    said = refuse(obedient.host)
    assert "describes itself nowhere" in said
    assert "GET /openapi.json: 200 without JSON (text/html)" in said
    assert "GET /api/models: 302 Found, to /login" in said
    assert "--openapi FILE|URL" in said


def test_no_operation_to_send_is_told_with_the_reasons(scoring: Any, answer: Any, refuse: Any) -> None:
    only = {**DOCUMENT, "paths": {"/score": {"delete": {}}, "/health": {"get": {}}}}
    scoring.asked_for = lambda _: answer(body=json.dumps(only).encode())
    said = refuse(scoring.host)
    assert "no operation" in said
    assert "DELETE /score: it changes" in said
    assert "GET /health: it is asked by monitoring" in said


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://u:p@x"])
def test_what_is_no_url_is_told(url: str, refuse: Any) -> None:
    assert "such as" in refuse(url) or "like http://" in refuse(url) or "credentials" in refuse(url)


def test_a_folder_that_can_t_be_written_is_told(scoring: Any, tmp_path: Path, refuse: Any) -> None:
    (tmp_path / "scenarios").write_text("a file")
    assert "can't be written" in refuse(scoring.host)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (["/api/health/ready"], DEFAULT_PATHS),
        ([], DEFAULT_PATHS),
        (["/healthz"], ServicePaths(ready="/healthz")),
        (["/health", "/own/readiness"], ServicePaths(ready="/own/readiness")),
    ],
)
def test_the_path_of_readiness_is_found(
    scoring: Any, answer: Any, tmp_path: Path, there: list[str], found: ServicePaths
) -> None:
    """A documented one comes before the usual ones; where the usual one is there nothing is stated."""
    document = {**DOCUMENT, "paths": {**DOCUMENT["paths"], "/own/readiness": {"get": {"responses": {}}}}}
    bodies = {"/openapi.json": json.dumps(document).encode()} | dict.fromkeys(there, b"{}")
    scoring.asked_for = lambda path: answer(body=bodies[path]) if path in bodies else answer(404, b"{}")
    assert main([scoring.host]) == 0
    assert load_file(tmp_path / "scenarios" / "scoring.yaml").service == found


def test_the_next_commands_are_those_of_the_program_that_was_typed(
    scoring: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([scoring.host], "model-loadtest") == 0
    said = capsys.readouterr().out
    assert "  model-loadtest check scenarios/scoring.yaml\n" in said
    assert f"  model-loadtest run --scenario scenarios/scoring.yaml --host {scoring.host}\n" in said


def test_a_token_that_is_given_takes_the_place_of_a_login(
    scoring: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemes = {"login": {"type": "oauth2", "flows": {"password": {"tokenUrl": "token"}}}}
    document = {**DOCUMENT, "components": {"securitySchemes": schemes}, "security": [{"login": []}]}
    bodies = {"/openapi.json": json.dumps(document).encode()}
    scoring.asked_for = lambda path: answer(body=bodies[path]) if path in bodies else answer(404, b"{}")
    monkeypatch.setenv("LOADTEST_HEADERS", "Authorization: Bearer planted")
    assert main([scoring.host]) == 0
    file = tmp_path / "scenarios" / "scoring.yaml"
    traffic = load_file(file).traffic
    assert traffic.login == ()
    assert [dict(endpoint.headers) for endpoint in traffic.endpoints] == [{}]
    assert "planted" not in file.read_text()
