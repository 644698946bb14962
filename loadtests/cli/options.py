"""The suite's own arguments to Locust, and the scenario they ask for."""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from typing import Any, Final

from locust.argument_parser import LocustArgumentParser

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario, scenario_names
from configuration.scenario import Scenario
from loadtests.cli.kubernetes_options import add_kubernetes_option
from loadtests.cli.metrics_options import add_metrics_options
from loadtests.cli.trace_link import VARIABLE, add_trace_link
from reports.data.checkpoints import CHECKPOINTS
from shapes.profiles import Chain, Constant, Profile, Ramp

DEFAULT_SCENARIO: Final = "staged"
MANUAL: Final = "manual"
LOOPBACK: Final = "127.0.0.1"

COMMON_OPTIONS: Final = {
    "num_users": "-u/--users",
    "spawn_rate": "-r/--spawn-rate",
    "run_time": "-t/--run-time",
}


class Unasked(str):
    """A default's text: told apart from the same text typed by somebody."""

    __slots__ = ()


class ScenarioChoices(list[str]):
    """The names, for the web form's drop-down; any other text may be a file, so none is refused."""

    def __contains__(self, _: object) -> bool:
        return True


def add_arguments(parser: LocustArgumentParser) -> None:
    """Add the suite's arguments; those a person would set for one run stand in the web form too.

    Locust's web UI, which anyone who reaches it may start runs from, listens on loopback unless told
    otherwise.
    """
    parser.set_defaults(web_host=LOOPBACK)
    parser.add_argument(
        "--scenario",
        metavar="NAME|FILE",
        default=Unasked(DEFAULT_SCENARIO),
        choices=ScenarioChoices(scenario_names()),
        env_var="SCENARIO",
        help=f"what to run: {', '.join(scenario_names())} or a YAML file (default: {DEFAULT_SCENARIO})",
    )
    parser.add_argument(
        "--note",
        default="",
        env_var="LOADTEST_NOTE",
        help="a remark to keep with the run and show in its report",
    )
    add_trace_link(parser.add_argument, env_var=VARIABLE, include_in_web_ui=False)
    parser.add_argument(
        "--out",
        metavar="DIR",
        default="results",
        env_var="LOADTEST_OUT",
        include_in_web_ui=False,
        help="where runs are kept, a folder each (default: results)",
    )
    parser.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        metavar="X",
        include_in_web_ui=False,
        help="stretch the durations of stages and warm-up: 0.1 runs ten times shorter (default: 1)",
    )
    parser.add_argument(
        "--require-proof",
        action="store_true",
        include_in_web_ui=False,
        help="fail where an objective is met by too few samples to prove it",
    )
    parser.add_argument(
        "--stop-when-decided",
        action="store_true",
        include_in_web_ui=False,
        help=f"end the run at the first of {CHECKPOINTS} checkpoints by which each objective is proven or "
        "broken",
    )
    parser.add_argument(
        "--calm",
        action="store_true",
        include_in_web_ui=False,
        help="one progress line in place of Locust's tables",
    )
    add_metrics_options(partial(parser.add_argument, include_in_web_ui=False))
    add_kubernetes_option(partial(parser.add_argument, include_in_web_ui=False))


def chosen_scenario(options: Namespace, web: bool) -> Scenario:
    """The scenario that `options` ask for; ConfigurationError says what is wrong with them.

    Users, spawn rate and run time without a scenario mean `manual`; with another scenario they contradict
    its load. In the `web` form they are always filled in, and count for `manual` only.
    """
    given = [flag for name, flag in COMMON_OPTIONS.items() if getattr(options, name, None) is not None]
    name = options.scenario
    if isinstance(name, Unasked) and given:
        name = MANUAL
    scenario = load_scenario(str(name))
    if options.time_scale <= 0:
        raise ConfigurationError(f"--time-scale {options.time_scale:g} is impossible; give a number above 0")
    if scenario.is_manual:
        return scenario
    if given and not web:
        raise ConfigurationError(
            f"{', '.join(given)}: the scenario {scenario.name!r} says itself how many users come when. "
            f"Leave them out, or take --scenario {MANUAL}"
        )
    return scenario.stretched(options.time_scale)


def manual_profile(options: Namespace) -> Profile:
    """What `-u`, `-r` and `-t` ask for: a ramp at the spawn rate, then constant until the run time ends."""
    users = options.num_users if options.num_users is not None else 1
    spawn_rate = options.spawn_rate or 1.0
    run_time: float = options.run_time or float("inf")
    ramp_s = users / spawn_rate
    if ramp_s <= 1.0:
        return Constant(users, run_time, stage=MANUAL)
    if ramp_s >= run_time:
        return Ramp(0, spawn_rate * run_time, run_time, stage=MANUAL)
    return Chain((Ramp(0, users, ramp_s, stage="ramp-up"), Constant(users, run_time - ramp_s, stage=MANUAL)))


def as_options(environment: Any) -> Namespace:
    """Locust's parsed options, present in every run that Locust itself started."""
    options = environment.parsed_options
    assert isinstance(options, Namespace)
    return options
