"""The committed pages are those that the committed results give."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.capacity import page as capacity
from benchmarks.capacity.results import CapacityResults
from benchmarks.comparison import page as comparison
from benchmarks.crosscheck import page as crosscheck
from benchmarks.crosscheck.results import CrosscheckResults
from benchmarks.endurance import page as endurance
from benchmarks.endurance.results import EnduranceResults
from benchmarks.generator import page as generator
from benchmarks.generator.results import GeneratorResults
from benchmarks.judge import page as judge
from benchmarks.judge.results import JudgeResults
from benchmarks.service import page as service
from benchmarks.service.results import ServiceResults

FOLDER = Path(__file__).parents[2] / "benchmarks/results"


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("generator", lambda path: generator.render_page(GeneratorResults.read(path))),
        ("service", lambda path: service.render_page(ServiceResults.read(path))),
        ("endurance", lambda path: endurance.render_page(EnduranceResults.read(path))),
        ("crosscheck", lambda path: crosscheck.render_page(CrosscheckResults.read(path))),
        ("capacity", lambda path: capacity.render_page(CapacityResults.read(path))),
        ("judge", lambda path: judge.render_page(JudgeResults.read(path))),
        ("comparison", lambda path: comparison.format_results(json.loads(path.read_text(encoding="utf-8")))),
    ],
)
def test_a_committed_page_follows_from_the_committed_results(
    name: str, render: Callable[[Path], str]
) -> None:
    """After a change to a page, `python -m benchmarks.<name> --draw` writes it again without measuring."""
    assert (FOLDER / f"{name}.md").read_text(encoding="utf-8") == render(FOLDER / f"{name}.json")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("generator", lambda path: generator.compose_title(GeneratorResults.read(path))),
        ("service", lambda path: service.compose_title(ServiceResults.read(path))),
    ],
)
def test_a_committed_picture_has_the_title_of_the_results(name: str, title: Callable[[Path], str]) -> None:
    picture = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert title(FOLDER / f"{name}.json") in picture
