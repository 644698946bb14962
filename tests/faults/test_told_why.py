"""Runs that fail say why, in the verdict and in what is kept with the run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.ledger import Ledger

pytestmark = pytest.mark.real

Start = Callable[..., Any]


def test_a_service_that_dies_for_good_is_said_to_be_gone(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """The percentiles of the replies before say nothing of it."""
    service = misbehaving()
    run = load_test(
        service.host, "{rate: [{constant: 20/s, for: 12s}]}", "[error rate <= 1 %, p99 latency <= 100 s]"
    )
    service.until_asked(since_s=3.0)
    service.process.kill()
    run.ended()
    assert run.code == 1, run.said
    assert re.search(r"the service was gone since 0:0\d, never back", run.verdict["sentence"])
    (kept, *_) = json.loads((run.folder / "failures.json").read_text())["requests"]
    assert (kept["outcome"] in ("refused", "reset"), kept["method"]) == (True, "POST")
    ledger.add_run(
        run,
        fault="the service is killed and stays away",
        recorded="every request, refused from then on; the verdict says since when it was gone",
    )


def test_a_service_that_was_never_there_for_a_request_is_given_up(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    """It answers its readiness path, and nothing that a user asks for."""
    service = misbehaving()
    run = load_test(
        service.host,
        "{rate: [{constant: 50/s, for: 200s}]}",
        "[p99 latency <= 100 s]",
        more="traffic: {endpoints: [{name: absent, path: /absent, method: GET}]}",
    ).ended()
    assert run.code == 1, run.said
    assert "given up after" in run.verdict["sentence"]
    assert "requests failed (HTTP 404)" in run.verdict["sentence"]
    assert run.facts["ended_s"] < 150.0, "of 200 s"
    assert "such as GET /absent: expected a 2xx status, got 404; 404: {}" in " ".join(run.said.split())
    ledger.add_run(
        run,
        fault="every request is answered 404",
        recorded="every request; the run is given up early, with what was expected",
    )
