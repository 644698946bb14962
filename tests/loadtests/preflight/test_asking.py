"""What can't work is told before a run begins: each endpoint and kind is asked once, all problems told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from configuration.loading import load_file
from loadtests.client.target import Target
from loadtests.preflight.asking import PreflightError, check_endpoints

Start = Callable[..., Any]
OWN = "/api/models/insurance_charges_model/prediction"


@pytest.fixture
def told(tmp_path: Path, obedient: Any) -> Callable[..., str]:
    """Call with the YAML of `traffic`: what the preflight says of it; empty if nothing is wrong."""

    def check(
        traffic: str,
        more: str = "",
        headers: dict[str, str] | None = None,
        prefix: str = "",
        host: str = obedient.host,
    ) -> str:
        file = tmp_path / "mine.yaml"
        file.write_text(
            "description: Mine.\nload: {users: [{constant: 1, for: 1s}]}\n"
            f"traffic: {traffic}\nobjectives: [error rate <= 0 %]\n{more}\n"
        )
        try:
            check_endpoints(load_file(file), Target.parse(host + prefix, headers))
        except PreflightError as error:
            return str(error)
        return ""

    return check


def endpoint(more: str = "", name: str = "score", path: str = "/score") -> str:
    return f"{{name: {name}, path: {path}{more}}}"


def endpoints(*each: str) -> str:
    return f"{{endpoints: [{', '.join(each)}]}}"


def test_a_service_in_order_is_asked_once_for_each_endpoint_and_kind(told: Any, obedient: Any) -> None:
    kinds = ", payload: {kinds: {realistic: 1, boundary: 3}}"
    assert told(endpoints(endpoint(kinds), endpoint(name="other"))) == ""
    assert len(obedient.bodies) == 3


def test_every_problem_is_told_with_request_reply_and_expectation(
    told: Any, obedient: Any, answer: Any
) -> None:
    replies = {
        1: answer(status=404, body=b'{"detail": "Not Found"}', headers={"Content-Type": "application/json"}),
        2: answer(body=b'{"charges": "\x07many"}'),
        3: answer(),
        4: answer(status=422, body=b"age is missing"),
    }
    obedient.answer = replies.get
    names = ("absent", "odd", "fine", "foreign")
    said = told(endpoints(*(endpoint(name=name, path=f"/{name}") for name in names))).splitlines()
    assert said[0] == f"nothing was run: 3 requests to {obedient.host} failed in the preflight"
    assert said[1:5] == [
        "  absent (realistic): POST /absent, record 1",
        said[2],
        "    expected a 2xx status, got 404",
        "    correct `path`, or the path in --host",
    ]
    assert said[2].startswith("    answered 404, content-type: application/json, server: ")
    assert said[2].endswith(': {"detail": "Not Found"}')
    assert said[6].endswith(': {"charges": "\\x07many"}')
    assert said[7].startswith("    expected JSON, got ")
    assert said[7].endswith("(Invalid control character at character 14 of 20)")
    assert "answered 422" in said[9]
    assert said[-1].endswith("--no-preflight runs the load all the same")


def test_a_model_that_is_not_there_is_named_with_those_that_are(
    told: Any, obedient: Any, answer: Any
) -> None:
    obedient.answer = lambda _: answer(status=404)
    obedient.asked_for = lambda path: {
        "/v1/api/models": answer(body=b'{"models": [{"qualified_name": "iris_model"}]}'),
        "/v1/v2/models": answer(body=b'{"models": ["mnist", {"name": "bert"}]}'),
    }.get(path, answer(status=404))
    said = told(
        endpoints(endpoint(path=OWN), endpoint(name="infer", path="/v2/models/resnet/infer")), prefix="/v1"
    )
    assert "    it has iris_model; you asked for insurance_charges_model\n" in said
    assert "    it has mnist, bert; you asked for resnet\n" in said


@pytest.mark.parametrize(
    ("status", "headers", "advice"),
    [
        (307, {"Location": "/elsewhere"}, "location: /elsewhere"),
        (401, {}, "the credentials are missing or wrong: LOADTEST_HEADERS="),
        (405, {"Allow": "GET, PUT"}, "correct `method`: GET, PUT is allowed"),
        (415, {}, "state the content type that the service takes"),
        (503, {"Retry-After": "1"}, "state expected: [shed]"),
    ],
)
def test_advice_fits_the_reply(
    told: Any, obedient: Any, answer: Any, status: int, headers: dict[str, str], advice: str
) -> None:
    obedient.answer = lambda _: answer(status=status, headers=headers)
    assert advice in told(endpoints(endpoint()))


@pytest.mark.real
def test_a_model_that_is_not_there_is_told_over_grpc(told: Any, grpc_service: str) -> None:
    template = 'template: {inputs: [{name: x, shape: [1, 1], datatype: FP32, data: ["{a}"]}]}'
    payload = f"payload: {{fields: {{a: {{constant: 1}}}}, {template}}}"
    said = told(endpoints(f"{{name: infer, grpc: {{model: unknown}}, {payload}}}"), host=grpc_service)
    assert "no model 'unknown'; it has sum, raw" in said
    assert "correct `model` or `version` under `grpc`" in said
    assert told(endpoints(f"{{name: infer, grpc: {{model: sum}}, {payload}}}"), host=grpc_service) == ""


def test_what_the_scenario_expects_is_right(told: Any, obedient: Any, answer: Any) -> None:
    obedient.answer = lambda _: answer(status=503, headers={"Retry-After": "1"})
    assert told(endpoints(endpoint()), more="expected: [shed]") == ""
    assert told(endpoints(endpoint(", expect: 503"))) == ""


def test_a_failure_that_passes_is_no_problem(told: Any, obedient: Any, answer: Any) -> None:
    """A service may need a moment for its first reply."""
    obedient.answer = lambda number: answer(status=500 if number == 1 else 200)
    assert told(endpoints(endpoint())) == ""
    assert len(obedient.bodies) == 2


def test_invalid_records_that_are_taken_are_told(told: Any) -> None:
    said = told(endpoints(endpoint(", payload: {kinds: {invalid: 1}}")))
    assert "score (invalid): POST /score" in said
    assert "expected status 400 or 422, got 200 to a record that ought to be refused" in said


def test_credentials_are_not_shown(told: Any, obedient: Any, answer: Any) -> None:
    obedient.answer = lambda _: answer(
        status=403, body=b"unknown: s3cr3t-token", headers={"Location": "/?t=s3cr3t-token"}
    )
    said = told(endpoints(endpoint()), headers={"Authorization": "Bearer s3cr3t-token"})
    assert "answered 403, location: /?t=[redacted]" in said
    assert "s3cr3t" not in said


JOURNEY = """
  login:
    - {name: login, path: /login, take: {token: access_token}, reply: null}
  journeys:
    - name: buying
      steps:
        - {name: search, method: GET, path: /items, take: {item: "items[0].id"}}
        - {name: order, path: "/items/{item}/orders", headers: {Authorization: "Bearer {token}"}}
"""


def test_a_journey_is_made_once_with_what_its_replies_hold(told: Any, obedient: Any, answer: Any) -> None:
    obedient.asked_for = lambda _: answer(body=b'{"items": [{"id": "i7"}]}')
    obedient.answer = lambda _: answer(body=b'{"access_token": "t1", "charges": 1}')
    assert told(JOURNEY) == ""
    assert [each.get("authorization") for each in obedient.headers] == [None, "Bearer t1"]


def test_steps_after_one_that_failed_are_told_as_not_asked(told: Any, obedient: Any, answer: Any) -> None:
    obedient.asked_for = lambda _: answer(body=b'{"items": []}')
    obedient.answer = lambda _: answer(body=b'{"access_token": "t1"}')
    said = told(JOURNEY)
    assert "items[0].id: expected a value to take" in said
    assert "order was not asked: no reply before it gave {item}" in said


@pytest.mark.real
@pytest.mark.parametrize("module", ["loadtests", pytest.param("locust", marks=pytest.mark.extended)])
def test_nothing_is_run_and_the_exit_code_is_that_of_usage(
    start: Start, scenario_file: Callable[..., str], obedient: Any, answer: Any, module: str
) -> None:
    obedient.answer = lambda _: answer(status=404)
    more = [] if module == "loadtests" else ["-f", "loadtests/locustfile.py", "--headless"]
    words = (*more, "--scenario", scenario_file(), "--host", obedient.host)
    suite = start(module, *words, preflight=True).wait()
    assert suite.code == 2, suite.said
    assert "nothing was run: 1 request to" in suite.stderr
    assert "Traceback" not in suite.said
    assert not suite.out.exists() or not list(suite.out.iterdir())
    assert len(obedient.bodies) == 1
