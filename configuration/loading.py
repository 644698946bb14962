"""From a scenario's name or file to the scenario, or to one error that tells all its problems."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.errors import ConfigurationError, Problem, Problems, unknown_name, unusable
from configuration.generator import read_limits
from configuration.load import read_load
from configuration.objectives import Names, read_abort, read_objectives
from configuration.readers import number, one_of, text, whole
from configuration.scenario import SEEDS, Scenario
from configuration.traffic import default_traffic, read_traffic
from configuration.yaml_loader import parse_yaml
from reports.data.samples import LACKING, OUTCOMES
from reports.judging.generator_health import GeneratorLimits

SCENARIOS: Final = Path(__file__).parent / "scenarios"
SUFFIXES: Final = (".yaml", ".yml")
OWN_FILE: Final = " (a file of your own ends in .yaml)"
EXPECTABLE: Final = tuple(outcome for outcome in OUTCOMES if outcome not in ("ok", *LACKING))

_CONFIDENCE: Final = number(
    "a confidence of at least 0.5 and below 1, such as 0.95", lambda value: 0.5 <= value < 1
)


def scenario_names(folder: Path = SCENARIOS) -> list[str]:
    """The names of the scenarios in `folder`, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_scenario(name_or_path: str, folder: Path = SCENARIOS) -> Scenario:
    """The scenario with a name in `folder`, or in a YAML file anywhere; raises `ConfigurationError`."""
    names = scenario_names(folder)
    if name_or_path in names:
        return load_file(folder / f"{name_or_path}.yaml")
    path = Path(name_or_path)
    if path.suffix in SUFFIXES or path.is_file():
        return load_file(path)
    raise ConfigurationError(unknown_name("scenario", name_or_path, names) + OWN_FILE)


def load_file(path: Path) -> Scenario:
    """The scenario in a YAML file; raises `ConfigurationError`."""
    source = _as_seen_from_here(path)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{source} can't be read: byte {error.start} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{source} can't be read: {reason}") from None
    try:
        document, problems = parse_yaml(content)
    except Problems as found:
        raise unusable(source, found.problems) from None
    return _read(document, path, source, problems)


def read_scenario(values: Any, source: Path) -> Scenario:
    """The scenario of plain values as `Scenario.resolved` gives them; raises `ConfigurationError`."""
    return _read(Node(values), source, str(source), ())


def _read(document: Node, path: Path, source: str, problems: Sequence[Problem]) -> Scenario:
    try:
        scenario = _scenario(document, path)
    except Problems as found:
        raise unusable(source, [*problems, *found.problems]) from None
    if problems:
        raise unusable(source, problems)
    return scenario


def _scenario(node: Node, path: Path) -> Scenario:
    if node.value is None:
        raise node.wrong("this is empty, expected a mapping with description, load and objectives")
    with node.keys("a mapping with description, load and objectives") as keys:
        description = keys.take("description", text)
        load = keys.take("load", read_load)
        model = load.model if keys.could_read("load") else "closed"
        traffic = keys.take_or(
            "traffic", partial(read_traffic, model=model, folder=path.parent), default_traffic(model)
        )
        seeds = keys.take_or("seeds", _seeds, dict(SEEDS))
        expected = keys.take_or("expected", _expected, ())
        confidence = keys.take_or("confidence", _CONFIDENCE, 0.95)
        limits = keys.take_or("generator", read_limits, GeneratorLimits())
        readable = keys.could_read("load", "traffic")
        known = Scenario(path.stem, "", load, traffic, ()) if readable else None
        names = _names(known)
        abort = keys.take_or("abort", partial(read_abort, names=names), None)
        objectives = keys.take("objectives", partial(read_objectives, names=names))
    return Scenario(
        path.stem, description, load, traffic, objectives, expected, confidence, seeds, path, limits, abort
    )


def _seeds(node: Node) -> dict[str, int]:
    seed = whole("seed", 0, 999_999_999)
    with node.keys(f"a mapping with {', '.join(SEEDS)}") as keys:
        return {name: keys.take_or(name, seed, default) for name, default in SEEDS.items()}


def _expected(node: Node) -> tuple[str, ...]:
    if node.value == []:
        return ()
    return tuple(node.items(one_of(*EXPECTABLE), "a list of outcomes, such as [shed]"))


def _names(known: Scenario | None) -> Names:
    """What objectives may name, where the rest of the scenario is `known`."""
    if known is None:
        return Names()
    stages = [stage.name for stage in known.stages if stage.judged]
    return Names([endpoint.name for endpoint in known.traffic.endpoints], stages)


def _as_seen_from_here(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
