"""What the README states of verdicts, scenarios and objectives is what the code does."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from configuration.loading import list_scenario_names, load_scenario
from configuration.scenario import Scenario
from loadtests.cli.exit_codes import MEANINGS, PASS
from reports.data.quantities import format_duration
from reports.data.samples import OUTCOMES
from reports.judging.outcomes import Outcome
from reports.judging.verdict import EXIT_CODES
from reports.objectives.metrics import METRICS
from reports.objectives.parsing import parse_objective

ROOT = Path(__file__).parents[2]


def test_the_table_of_scenarios_is_that_of_the_files(readme: Any) -> None:
    wanted = "\n".join(row_of(load_scenario(name)) for name in list_scenario_names())
    assert f"\n{wanted}\n\n" in readme.text, f"paste this into README.md:\n{wanted}"


def row_of(scenario: Scenario) -> str:
    lasts = "as you say" if scenario.planned_s is None else format_duration(scenario.planned_s)
    objectives = "<br>".join(map(str, scenario.objectives))
    return f"| `{scenario.name}` | {scenario.description} | {lasts} | {objectives} |"


def test_the_verdicts_and_their_exit_codes(readme: Any) -> None:
    rows = readme.table("verdict", "exit code", "when")
    assert {word: int(code) for word, code, _ in rows if word != "none"} == EXIT_CODES
    assert {int(code) for _, code, _ in rows} == set(MEANINGS)


def test_the_exit_codes_in_the_architecture(architecture: Any) -> None:
    (said,) = re.findall(r"^\*\*Exit codes\*\*.*?alike: (.*?)\. `python", architecture.text, re.MULTILINE)
    codes = {int(code): words for code, words in re.findall(r"(\d) ([^,(]+)", said)}
    assert set(codes) == set(MEANINGS)
    assert {word: code for code, word in codes.items() if word in EXIT_CODES} == EXIT_CODES


def test_the_outcomes_of_objectives_and_of_requests(readme: Any) -> None:
    assert {row[0] for row in readme.table("outcome", "means")} == set(get_args(Outcome))
    assert [row[0] for row in readme.table("outcome", "a request that")] == list(OUTCOMES)


def test_the_objectives_show_each_metric_and_can_be_stated(readme: Any) -> None:
    stated = [parse_objective(sentence) for sentence, _ in readme.table("objective", "about")]
    assert [str(each) for each in stated] == [row[0] for row in readme.table("objective", "about")]
    shown = {(each.definition.name, str(each.definition.units)) for each in stated}
    assert shown == {(metric.name, str(metric.units)) for metric in METRICS}


@pytest.mark.parametrize("clause", ["during normal day", "on score", "in any 10 s"])
def test_the_clauses_of_objectives_are_understood(readme: Any, clause: str) -> None:
    assert clause in readme.codes
    scenario = load_scenario(str(ROOT / "docs/examples/scoring.yaml"))
    stages = [stage.name for stage in scenario.stages]
    endpoints = [endpoint.name for endpoint in scenario.traffic.endpoints]
    parse_objective(f"p95 latency <= 80 ms {clause}", endpoints, stages)


def test_the_example_scenario_stands_there_as_it_is(readme: Any) -> None:
    (shown,) = [code for language, code in readme.blocks if language == "yaml"]
    assert shown == (ROOT / "docs/examples/scoring.yaml").read_text()


def test_the_shown_run_is_one_of_staged(readme: Any) -> None:
    """Its output is real: it can't be compared word by word, but it is that of today's objectives."""
    (output,) = [code for _, code in readme.blocks if code.startswith("$ make loadtest\n")]
    table = output.partition("objective  ")[2].partition("\n\n")[0].splitlines()[1:]
    shown = [re.split(r"\s{2,}", line)[0] for line in table]
    assert shown == [str(objective) for objective in load_scenario("staged").objectives]
    assert output.rstrip().endswith(f"{MEANINGS[PASS]} (exit code {PASS})")


def test_the_supported_pythons_are_told(readme: Any, documents: dict[str, Any]) -> None:
    (first, beyond) = re.findall(r"3\.\d+", re.findall(r"requires-python.*", pyproject())[0])
    span = f"Python {first} to 3.{int(beyond.partition('.')[2]) - 1}"
    assert span in readme.text
    assert span in documents["CONTRIBUTING.md"].text


def pyproject() -> str:
    return (ROOT / "pyproject.toml").read_text()


def test_the_packages_chosen_are_those_required(architecture: Any) -> None:
    """Each package that is not brought by another stands in pyproject.toml, and is told."""
    (section,) = re.findall(r"^## Dependencies\n(.*)", architecture.text, re.MULTILINE | re.DOTALL)
    told = section.lower().replace("[standard]", "")
    project = tomllib.loads(pyproject())["project"]
    lines = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    required = {re.split(r"[\[=]", line.lower())[0] for line in lines} - {project["name"]}
    assert [name for name in required if name not in told] == []
