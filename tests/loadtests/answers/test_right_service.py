"""Right replies are never blamed: 20 short runs, each with other records, of all checks together."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from configuration.loading import load_scenario
from configuration.scenario import Scenario
from loadtests.client.connection import Connection
from loadtests.client.target import Target
from loadtests.payloads.request_maker import RequestMaker

pytestmark = [pytest.mark.real, pytest.mark.extended]

FAULTS = Path(__file__).parents[2] / "faults"
RUNS = 20
REQUESTS = 10
"""To each endpoint, in each run; a service that is wrong is so at the fifth."""


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    file = tmp_path / "answering.yaml"
    rest = (
        "description: All checks.\nload: {users: [{constant: 1, for: 1s}]}\nobjectives: [error rate <= 0 %]\n"
    )
    file.write_text(rest + (FAULTS / "answering.yaml").read_text())
    return load_scenario(str(file))


@pytest.fixture(params=["clean", "wrong"])
def answering(request: pytest.FixtureRequest) -> Iterator[tuple[str, Target]]:
    """How the service answers, and where."""
    command = [sys.executable, str(FAULTS / "answering.py"), request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield request.param, Target("127.0.0.1", port, tls=False, prefix="")
        process.kill()


def test_right_replies_are_never_blamed_and_wrong_ones_are_explained(
    scenario: Scenario, answering: tuple[str, Target]
) -> None:
    how, target = answering
    failed: Counter[str] = Counter()
    connection = Connection(target)
    for seed in range(RUNS if how == "clean" else 1):
        for index, endpoint in enumerate(scenario.traffic.endpoints):
            maker = RequestMaker(index, endpoint, target, seed, worker=0)
            for _ in range(REQUESTS):
                request = maker.make()
                reply = connection.exchange(request.encoded, 300.0)
                outcome, words = request.check.classify(reply), request.check.explain(reply)
                assert (outcome == "ok") == (words == ""), words
                if outcome != "ok":
                    failed[f"{endpoint.name}: {outcome}: {words}"] += 1
    connection.close()
    if how == "clean":
        assert not failed
        return
    told = list(failed)
    assert len(told) == len(scenario.traffic.endpoints) - 1
    assert set(failed.values()) == {1}
    for begin in (
        "dropped: invalid_reply: label: expected one of",
        "echo: wrong_answer: id: expected 5, as was sent, got 6",
        "html: invalid_reply: expected JSON, got '<!doctype html>",
        'label: invalid_reply: label: expected one of "cat", "dog", got "banana"',
        "missing: invalid_reply: $: expected a list with one item for each record sent (3), got 2",
        "nan: invalid_reply: score: expected a number from 0 to 1, got NaN",
        "parts: invalid_reply: model.parts[1]: expected a finite number, got null",
        "range: invalid_reply: score: expected a number from 0 to 1, got 1.5",
        "refusal: wrong_answer: expected status 400 or 422, got 200 to a record that ought to be refused",
        "schema: invalid_reply: schema: model.version: ",
        "swapped: wrong_answer: [0].id: expected 13, as was sent, got 15",
        "truncated: invalid_reply: expected JSON, got ",
    ):
        assert begin in "\n".join(told)
