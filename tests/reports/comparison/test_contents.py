"""Runs are compared by the content of their files: not by names, where both runs kept digests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reports.comparison.verdict import ComparisonSettings, compare_versions
from reports.data.run import Run
from reports.data.run_sets import RunSet

MakeVersion = Callable[..., Run]


def facts(path: str, digest: str | None, section: str = "traffic", **more: Any) -> dict[str, Any]:
    """Of a run with one file, named in the traffic or in the load."""
    traffic = {"endpoints": [{"name": "x", "payload": {"file": path, **more}}]}
    resolved = {"traffic": traffic} if section == "traffic" else {"load": {"replay": {"file": path}}}
    return {"resolved": resolved, "contents": {} if digest is None else {path: f"sha256:{digest}"}}


@pytest.fixture
def judge(make_version: MakeVersion) -> Callable[..., tuple[str, str]]:
    """The verdict and the sentence on two runs with these facts."""

    def compare(
        one: dict[str, Any], other: dict[str, Any], accepted: tuple[str, ...] = ()
    ) -> tuple[str, str]:
        sides = [make_version(seed, facts=told) for seed, told in ((1, one), (2, other))]
        found = compare_versions(
            *(RunSet(str(place), (run,)) for place, run in enumerate(sides)),
            ComparisonSettings(accepted=accepted),
        )
        return found.word, found.sentence

    return compare


def test_another_content_under_the_same_name_is_told(judge: Callable[..., tuple[str, str]]) -> None:
    word, sentence = judge(facts("/old/orders.jsonl", "a" * 64), facts("/new/orders.jsonl", "b" * 64))
    assert word == "invalid"
    assert sentence.endswith(
        ": payloads: orders.jsonl has another content (SHA-256 aaaaaaaaaaaa and bbbbbbbbbbbb)."
    )


def test_another_name_of_another_content_is_told(judge: Callable[..., tuple[str, str]]) -> None:
    word, sentence = judge(facts("/a.jsonl", "a" * 64), facts("/b.jsonl", "b" * 64))
    assert word == "invalid"
    assert "payloads: a.jsonl and b.jsonl have different contents" in sentence


def test_another_name_of_the_same_content_is_no_difference(judge: Callable[..., tuple[str, str]]) -> None:
    assert judge(facts("/a.jsonl", "a" * 64), facts("/there/b.jsonl", "a" * 64))[0] != "invalid"


def test_recorded_arrivals_are_part_of_the_load(judge: Callable[..., tuple[str, str]]) -> None:
    word, sentence = judge(facts("/log", "a" * 64, "load"), facts("/log", "b" * 64, "load"))
    assert word == "invalid"
    assert ": load: log has another content" in sentence


def test_another_use_of_the_same_content_is_a_difference_of_the_traffic(
    judge: Callable[..., tuple[str, str]],
) -> None:
    word, sentence = judge(facts("/a", "a" * 64), facts("/a", "a" * 64, order="sampled"))
    assert word == "invalid"
    assert ": traffic: endpoints is " in sentence


def test_another_content_is_told_where_another_traffic_is_accepted(
    judge: Callable[..., tuple[str, str]],
) -> None:
    one, accepted = facts("/old/a.csv", "a" * 64), ("traffic",)
    word, sentence = judge(one, facts("/new/a.csv", "b" * 64, order="sampled"), accepted)
    assert word == "invalid"
    assert ": payloads: a.csv has another content" in sentence
    assert judge(one, facts("/new/a.csv", "a" * 64, order="sampled"), accepted)[0] != "invalid"


def test_without_digests_names_are_compared(judge: Callable[..., tuple[str, str]]) -> None:
    """As in runs of versions that kept none."""
    assert judge(facts("/a", None), facts("/a", None))[0] != "invalid"
    assert judge(facts("/a", None), facts("/a", "a" * 64))[0] != "invalid"
    assert judge(facts("/a", None), facts("/b", "a" * 64))[0] == "invalid"
