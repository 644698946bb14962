"""What keeps replies from being checked is told before a run, in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from loadtests.payloads.checking import check_replies


def check(folder: Path, endpoint: str, more: str = "") -> None:
    file = folder / "own.yaml"
    file.write_text(
        "description: Mine.\nload: {users: [{constant: 1, for: 1s}]}\nobjectives: [error rate <= 0 %]\n"
        f"traffic:\n  endpoints:\n    - {{name: one, path: /one, {endpoint}}}\n{more}\n"
    )
    check_replies(load_scenario(str(file)))


@pytest.mark.parametrize(
    "endpoint",
    [
        "reply: {fields: {age: {equals: '{age}'}}}",
        "reply: {schema: {type: object}}",
        "reply: {finite: charges}",
        "headers: {X-Key: 'Bearer ${NOT_SET_ANYWHERE}'}, reply: {fields: {age: {equals: '{age}'}}}",
        "method: GET, values: {n: {sequence: 1}}, reply: {fields: {n: {equals: '{n}'}}}",
        "payload: {kinds: {invalid: 1}}, reply: {fields: {age: {equals: '{age}'}}}",
    ],
)
def test_what_can_be_checked_is_accepted(tmp_path: Path, endpoint: str) -> None:
    """No environment variable is needed."""
    check(tmp_path, endpoint)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (
            "reply: {fields: {age: {equals: '{aeg}'}}}",
            "the endpoint 'one', reply.fields.age: there is no value for {aeg}; there are: age, bmi, ",
        ),
        (
            "reply: {schema: {type: objekt}}",
            "the endpoint 'one', reply.schema: it is no JSON schema: ",
        ),
        (
            "method: GET, reply: {fields: {n: {equals: '{n}'}}}",
            "the endpoint 'one', reply.fields.n: there is no value for {n}; there are: record",
        ),
    ],
)
def test_what_cant_is_refused(tmp_path: Path, endpoint: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check(tmp_path, endpoint)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_what_an_earlier_reply_gives_is_not_known_yet(tmp_path: Path) -> None:
    login = "  login:\n    - {name: login, path: /login, take: {token: t}}"
    check(tmp_path, "headers: {A: '{token}'}, reply: {fields: {token: {equals: '{token}'}}}", login)
