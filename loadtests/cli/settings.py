"""The parsed options of Locust's command line, read once, and the scenario that they ask for."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from configuration.scenario import Scenario
from loadtests.cli.options import MANUAL_SCENARIO, DefaultText
from loadtests.recording.settings import RunSettings
from shapes.composition import Chain, Profile
from shapes.profiles import Constant, Ramp

COMMON_OPTIONS: Final = {
    "users": "-u/--users",
    "spawn_rate": "-r/--spawn-rate",
    "run_time_s": "-t/--run-time",
}


@dataclass(frozen=True, kw_only=True)
class Settings(RunSettings):
    """What the suite needs of the options, of its own and of Locust's."""

    scenario: str
    """A name, or the path of a YAML file."""
    is_default_scenario: bool = False
    """Whether nobody named a scenario."""
    users: int | None = None
    spawn_rate: float | None = None
    run_time_s: float | None = None
    picks_users: bool = False
    """Whether user classes are picked on the command line, or can be in the web form."""
    calm: bool = False
    headless: bool = False
    forked: bool = False
    """Whether this process and its master were started by one command."""
    expected_workers: int = 1
    web_base_path: str | None = None
    kubernetes: str | None = None
    metrics_host: str = ""
    metrics_port: int | None = None
    metrics_linger_s: float = 0.0

    @classmethod
    def read(cls, options: Namespace) -> Settings:
        """The settings in Locust's parsed options."""
        return cls(
            scenario=str(options.scenario),
            is_default_scenario=isinstance(options.scenario, DefaultText),
            users=options.num_users,
            spawn_rate=options.spawn_rate,
            run_time_s=options.run_time,
            picks_users=bool(options.user_classes or options.class_picker),
            out=Path(options.out),
            note=options.note,
            trace_link=options.trace_link,
            time_scale=options.time_scale,
            require_proof=options.require_proof,
            stop_when_decided=options.stop_when_decided,
            calm=options.calm,
            headless=bool(options.headless),
            forked=bool(options.processes),
            expected_workers=options.expect_workers,
            web_base_path=options.web_base_path,
            kubernetes=options.kubernetes,
            metrics_host=options.metrics_host,
            metrics_port=options.metrics_port,
            metrics_linger_s=options.metrics_linger,
        )


def read_options(environment: Any) -> Namespace:
    """Locust's parsed options, present in every run that Locust itself started."""
    options = environment.parsed_options
    assert isinstance(options, Namespace)
    return options


def disable_run_time(options: Namespace) -> None:
    """Keep Locust from ending the run after `--run-time`: the load shape does, from the run's own start."""
    options.run_time = None


def load_asked_scenario(settings: Settings, web: bool) -> Scenario:
    """The scenario that the settings ask for; ConfigurationError says what is wrong with them.

    Users, spawn rate and run time without a scenario mean `manual`; with another scenario they contradict
    its load. The `web` form always fills them in; there they count for `manual` only.
    """
    given = [flag for name, flag in COMMON_OPTIONS.items() if getattr(settings, name) is not None]
    scenario = load_scenario(MANUAL_SCENARIO if settings.is_default_scenario and given else settings.scenario)
    if scenario.is_manual:
        return scenario
    if given and not web:
        raise ConfigurationError(
            f"{', '.join(given)}: the scenario {scenario.name!r} says itself how many users come when. "
            f"Leave them out, or take --scenario {MANUAL_SCENARIO}"
        )
    return scenario.scale_time(settings.time_scale)


def build_manual_profile(settings: Settings) -> Profile:
    """What `-u`, `-r` and `-t` ask for: a ramp at the spawn rate, then constant until the run time ends."""
    users = settings.users if settings.users is not None else 1
    spawn_rate = settings.spawn_rate or 1.0
    run_time_s = settings.run_time_s or float("inf")
    ramp_s = users / spawn_rate
    if ramp_s <= 1.0:
        return Constant(users, run_time_s, stage=MANUAL_SCENARIO)
    if ramp_s >= run_time_s:
        return Ramp(0, spawn_rate * run_time_s, run_time_s, stage=MANUAL_SCENARIO)
    plateau = Constant(users, run_time_s - ramp_s, stage=MANUAL_SCENARIO)
    return Chain((Ramp(0, users, ramp_s, stage="ramp-up"), plateau))
