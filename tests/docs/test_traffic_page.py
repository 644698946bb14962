"""Each example of docs/traffic.md is a scenario whose requests can be made."""

from __future__ import annotations

import json
import re
from itertools import chain, islice
from pathlib import Path

import pytest

from configuration.loading import load_scenario
from loadtests.client.target import Target
from loadtests.payloads.deck import build_deck
from loadtests.payloads.request import Request

PAGE = Path(__file__).parents[2] / "docs/traffic.md"
EXAMPLES = dict(
    re.findall(r"^## (.+?)\n(?:(?!^## ).)*?^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
)
AROUND = {
    "description": "An example.",
    "load": "{users: [{constant: 1, for: 1s}]}",
    "objectives": "[error rate <= 1 %]",
}
"""What an example may leave out."""
ORDER = {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}, "required": ["count"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the examples name."""
    (tmp_path / "order.schema.json").write_text(json.dumps(ORDER))
    (tmp_path / "customers.csv").write_text("age,plan\n" + "".join(f"{20 + age},free\n" for age in range(30)))
    (tmp_path / "calls.csv").write_text("received_at,age\n" + "".join(f"{at},30\n" for at in range(9)))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/one.png").write_bytes(b"\x89PNG")
    return tmp_path


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_requests_of_an_example_can_be_made(
    folder: Path, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "planted-key")
    file = folder / "example.yaml"
    example = EXAMPLES[title]
    rest = [f"{key}: {text}\n" for key, text in AROUND.items() if f"{key}:" not in example.splitlines()]
    file.write_text(example + "".join(rest))
    scenario = load_scenario(str(file))
    deck = build_deck(scenario, Target("127.0.0.1", 1, tls=False, prefix=""), worker=0)
    turns = list(islice(deck.deal(0.0), len(deck.turns)))
    journeys = [turn for turn in (deck.login, *turns) if turn is not None and not isinstance(turn, Request)]
    steps = chain.from_iterable(journey.steps for journey in journeys)
    values = {"token": "t", "item": "i"}
    made = [turn for turn in turns if isinstance(turn, Request)]
    made += [step.make_request(values) for step in list(steps)[:20]]
    assert {request.name for request in made} == {each.name for each in scenario.traffic.all_endpoints}
    assert not any(b"{" in request.encoded.partition(b"\r\n")[0] for request in made)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 12
