"""Finds and reads a scenario by its name or its file; one error states all problems."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.endpoint import Endpoint, read_endpoints
from configuration.errors import (
    ConfigurationError,
    Problem,
    Problems,
    combine_problems,
    describe_unknown_name,
)
from configuration.generator import read_generator_limits
from configuration.load import read_load
from configuration.objectives import Abort, KnownNames, read_abort, read_objectives
from configuration.readers import (
    make_name_reader,
    make_number_reader,
    make_whole_number_reader,
    read_text,
)
from configuration.scenario import SEEDS, Scenario
from configuration.service_paths import DEFAULT_PATHS, read_service_paths
from configuration.traffic import make_default_traffic, read_traffic
from configuration.yaml_loader import MOST_BYTES, parse_yaml, read_bounded
from reports.data.addresses import is_host
from reports.data.samples import OUTCOMES, OWN_FAILURES
from reports.judging.generator_health import GeneratorLimits
from reports.objectives.metrics import availability

SCENARIOS: Final = Path(__file__).parent / "scenarios"
OWN_SCENARIOS: Final = Path("scenarios")
"""Where scenarios of one's own are looked for by name: a folder in the current one. Its names come first."""
SUFFIXES: Final = (".yaml", ".yml")
EXPECTABLE_OUTCOMES: Final = tuple(outcome for outcome in OUTCOMES if outcome not in ("ok", *OWN_FAILURES))

_read_confidence: Final = make_number_reader(
    "a confidence of at least 0.5 and below 1, such as 0.95", lambda value: 0.5 <= value < 1
)


def list_scenario_names(*folders: Path) -> list[str]:
    """The names of the scenarios in `folders` (one's own, and those of the suite), sorted."""
    return sorted(_find_scenarios(folders or (OWN_SCENARIOS, SCENARIOS)))


def load_scenario(name_or_path: str, *folders: Path, own_users: bool = False) -> Scenario:
    """The scenario with a name in the first of `folders` that has it, or in a YAML file anywhere.

    The folders are one's own and that of the suite unless others are given. `own_users` of somebody's
    locustfile name their requests themselves: objectives on any name are accepted. Raises
    `ConfigurationError`.
    """
    files = _find_scenarios(folders or (OWN_SCENARIOS, SCENARIOS))
    if name_or_path in files:
        return load_file(files[name_or_path], own_users)
    path = Path(name_or_path)
    if path.suffix in SUFFIXES or path.is_file():
        return load_file(path, own_users)
    message = describe_unknown_name("scenario", name_or_path, sorted(files))
    raise ConfigurationError(f"{message} (a file of your own ends in .yaml)")


def _find_scenarios(folders: Sequence[Path]) -> dict[str, Path]:
    return {path.stem: path for folder in reversed(folders) for path in folder.glob("*.yaml")}


def load_file(path: Path, own_users: bool = False) -> Scenario:
    """The scenario in a YAML file; raises `ConfigurationError`."""
    source = _shorten_path(path)
    try:
        content = read_bounded(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{source} can't be read: byte {error.start} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{source} can't be read: {reason}") from None
    try:
        document, problems = parse_yaml(content)
    except Problems as found:
        raise combine_problems(source, found.problems) from None
    return _read(document, path, source, problems, own_users)


def restore_scenario(values: Any, source: Path) -> Scenario:
    """The scenario of plain values as `Scenario.resolve` gives them; raises `ConfigurationError`.

    Users and the names in objectives may be those of somebody's locustfile.
    """
    return _read(Node(values), source, str(source), (), own_users=True)


def restore_endpoint(values: Any, source: str) -> Endpoint:
    """The endpoint of plain values as `Endpoint.resolve` gives them; raises `ConfigurationError`."""
    try:
        return read_endpoints(Node([values]), Path())[0]
    except Problems as found:
        said = "; ".join(problem.message for problem in found.problems)
        raise ConfigurationError(f"{source}: {said}") from None


def _read(document: Node, path: Path, source: str, problems: Sequence[Problem], own_users: bool) -> Scenario:
    try:
        scenario = _read_sections(document, path, own_users)
    except Problems as found:
        raise combine_problems(source, [*problems, *found.problems]) from None
    if problems:
        raise combine_problems(source, problems)
    return scenario


def _read_sections(node: Node, path: Path, own_users: bool) -> Scenario:
    if node.value is None:
        raise node.report_problem("this is empty, expected a mapping with description, load and objectives")
    with node.read_mapping("a mapping with description, load and objectives") as keys:
        description = keys.read("description", read_text)
        load = keys.read("load", partial(read_load, folder=path.parent))
        model = load.model if keys.could_read("load") else "closed"
        traffic = keys.read_or(
            "traffic",
            partial(read_traffic, model=model, folder=path.parent, own_users=own_users),
            make_default_traffic(model),
        )
        service = keys.read_or("service", read_service_paths, DEFAULT_PATHS)
        allow_hosts = keys.read_or("allow_hosts", _read_hosts, ())
        seeds = keys.read_or("seeds", _read_seeds, dict(SEEDS))
        expected = keys.read_or("expected", _read_expected, ())
        confidence = keys.read_or("confidence", _read_confidence, 0.95)
        limits = keys.read_or("generator", read_generator_limits, GeneratorLimits())
        names = KnownNames()
        if keys.could_read("load"):
            sent, any_name = (
                (traffic, own_users) if keys.could_read("traffic") else (make_default_traffic(model), True)
            )
            names = list_known_names(Scenario(path.stem, "", load, sent, ()), any_name)
        abort = keys.read_or("abort", partial(read_abort, names=names), Abort())
        objectives = keys.read("objectives", partial(read_objectives, names=names))
    if service.ready is None and any(objective.definition is availability for objective in objectives):
        raise node.get_child("objectives").report_problem(
            "availability needs a readiness path, and service: ready says that there is none"
        )
    return Scenario(
        path.stem,
        description,
        load,
        traffic,
        objectives,
        expected,
        confidence,
        seeds,
        path,
        limits,
        abort,
        service,
        allow_hosts,
    )


def _read_hosts(node: Node) -> tuple[str, ...]:
    return (
        () if node.value == [] else tuple(node.read_items(_read_host, "a list of hosts, such as [a.example]"))
    )


def _read_host(node: Node) -> str:
    host = read_text(node)
    if not is_host(host) or "/" in host:
        raise node.report_mismatch("a host: a name or an address, without scheme, port and path")
    return host


def _read_seeds(node: Node) -> dict[str, int]:
    read_seed = make_whole_number_reader("seed", 0, 999_999_999)
    with node.read_mapping(f"a mapping with {', '.join(SEEDS)}") as keys:
        return {name: keys.read_or(name, read_seed, default) for name, default in SEEDS.items()}


def _read_expected(node: Node) -> tuple[str, ...]:
    if node.value == []:
        return ()
    read_outcome = make_name_reader(*EXPECTABLE_OUTCOMES)
    return tuple(node.read_items(read_outcome, "a list of outcomes, such as [shed]"))


def list_known_names(scenario: Scenario, own_users: bool = False) -> KnownNames:
    """What objectives may name; `own_users` of somebody's locustfile may use any name for their requests."""
    stages = [stage.name for stage in scenario.stages if stage.judged]
    endpoints = [] if own_users else [endpoint.name for endpoint in scenario.traffic.all_endpoints]
    return KnownNames(endpoints, stages)


def _shorten_path(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
