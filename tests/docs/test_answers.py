"""The examples of docs/answers.md can be read, and its failures are told in these words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from configuration.document import Node
from configuration.endpoint import read_endpoints
from loadtests.client.target import Target
from loadtests.payloads.request_maker import RequestMaker

TEXT = (Path(__file__).parents[2] / "docs/answers.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
RULES = re.findall(r"^\| (`[^|]*`) \| [^|]* \|$", TEXT.partition("## Lists")[0], re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_an_endpoint_whose_requests_can_be_made(example: str) -> None:
    values = yaml.safe_load(example)
    stated = (
        values["traffic"]["endpoints"] if "traffic" in values else [{"name": "x", "path": "/x", **values}]
    )
    (endpoint,) = read_endpoints(Node(stated), Path())
    maker = RequestMaker(0, endpoint, Target("127.0.0.1", 80, tls=False, prefix=""), seed=1, worker=0)
    assert maker.make().encoded


def test_each_rule_of_the_table_can_be_written() -> None:
    written = [rule for row in RULES for rule in re.findall(r"`([^`]+)`", row)]
    assert len(written) >= 10
    for rule in written:
        stated = {"fields": {"field": yaml.safe_load(rule)}}
        read_endpoints(Node([{"name": "x", "path": "/x", "reply": stated}]), Path())
