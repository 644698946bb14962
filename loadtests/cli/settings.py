"""The parsed options of Locust's command line, read once, and the scenario that they ask for."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from configuration.changes import add_objectives, replace_endpoint, replace_load
from configuration.errors import ConfigurationError
from configuration.levels import FASTEST_PER_S, MOST_USERS
from configuration.loading import load_scenario
from configuration.scenario import Scenario
from configuration.units import parse_duration
from loadtests.cli.adhoc import build_endpoint
from loadtests.cli.baselines import anchor_objectives
from loadtests.cli.options import MANUAL_SCENARIO, DefaultText
from loadtests.recording.settings import RunSettings
from shapes.composition import Chain, Profile
from shapes.profiles import Constant, Ramp

SLOWEST_SPAWN_PER_S: Final = 0.0001
COMMON_OPTIONS: Final = {
    "users": "-u/--users",
    "spawn_rate": "-r/--spawn-rate",
    "run_time_s": "-t/--run-time",
}


LONGEST_RUN_S: Final = 366 * 86_400.0
"""Beyond it `-t` is taken for a slip."""


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
    objectives: tuple[str, ...] = ()
    """Sentences beside those of the scenario."""
    baseline: str | None = None
    """What relative objectives are relative to: the name of a baseline, or a folder."""
    path: str | None = None
    method: str | None = None
    payload: str | None = None
    picks_users: bool = False
    """Whether user classes are picked on the command line, or can be in the web form."""
    own_users: bool = False
    """Whether user classes of somebody's locustfile send, or may."""
    own_shape: str | None = None
    """The load shape class of somebody's locustfile, which drives the load."""
    preflight: bool = True
    """Whether each endpoint is asked once before the load."""
    calm: bool = False
    headless: bool = False
    forked: bool = False
    """Whether this process and its master were started by one command."""
    expected_workers: int = 1
    web_base_path: str | None = None
    allow_hosts: tuple[str, ...] = ()
    """Hosts that may be put under load though their addresses are public."""
    kubernetes: str | None = None
    monitors: tuple[str, ...] = ()
    """Plug-ins that observe something beside the load."""
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
            objectives=tuple(options.objective),
            baseline=options.baseline,
            path=options.path,
            method=options.method,
            payload=options.payload,
            picks_users=bool(options.user_classes or options.class_picker),
            out=Path(options.out),
            note=options.note,
            trace_link=options.trace_link,
            slow_ms=None if options.slow is None else parse_duration(options.slow) * 1000.0,
            time_scale=options.time_scale,
            require_proof=options.require_proof,
            exporters=tuple(options.export),
            monitors=tuple(options.monitor),
            stop_when_decided=options.stop_when_decided,
            preflight=not options.no_preflight,
            calm=options.calm,
            headless=bool(options.headless),
            forked=bool(options.processes),
            expected_workers=options.expect_workers,
            web_base_path=options.web_base_path,
            allow_hosts=tuple(options.allow_host),
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

    Users, spawn rate and run time without a scenario mean `manual`; with another scenario they replace its
    load. The `web` form always fills them in; there they count for `manual` only. So do a load shape and user
    classes of somebody's own: without a scenario they mean `manual`.
    """
    _check_users(settings)
    _check_run_time(settings.run_time_s)
    given = [flag for name, flag in COMMON_OPTIONS.items() if getattr(settings, name) is not None]
    is_own = settings.own_users or settings.own_shape is not None
    name = MANUAL_SCENARIO if settings.is_default_scenario and (given or is_own) else settings.scenario
    scenario = load_scenario(name, own_users=settings.own_users)
    is_manual = scenario.is_manual
    if endpoint := build_endpoint(settings.path, settings.method, settings.payload):
        scenario = replace_endpoint(scenario, endpoint)
    if settings.own_shape is not None:
        shape = f"the shape class {settings.own_shape}"
        scenario = replace_load(scenario, None, shape, f"load driven by {shape}")
    elif not is_manual:
        scenario = scenario.scale_time(settings.time_scale)
        if given and not web:
            scenario = _override_load(scenario, settings, ", ".join(given))
    stated = add_objectives(scenario, settings.objectives, replacing=is_manual, own_users=settings.own_users)
    return anchor_objectives(stated, settings.baseline, settings.out)


def _check_users(settings: Settings) -> None:
    """Refuse more users, and users that come slower or faster, than any load test has.

    Locust's own options and form take any number.
    """
    if settings.users is not None and settings.users > MOST_USERS:
        raise ConfigurationError(
            f"{settings.users:,} users are impossible: give at most {MOST_USERS:,} (-u/--users)"
        )
    rate = settings.spawn_rate
    if rate is not None and not SLOWEST_SPAWN_PER_S <= rate <= FASTEST_PER_S:
        raise ConfigurationError(
            f"{rate:g} users a second are impossible: give a number from {SLOWEST_SPAWN_PER_S:g} to "
            f"{FASTEST_PER_S:,.0f} (-r/--spawn-rate)"
        )


def _check_run_time(run_time_s: float | None) -> None:
    if run_time_s is not None and run_time_s > LONGEST_RUN_S:
        raise ConfigurationError(
            f"-t/--run-time is longer than {LONGEST_RUN_S / 86_400:.0f} days; say how long, such as 30s or 5m"
        )


def _override_load(scenario: Scenario, settings: Settings, given: str) -> Scenario:
    """The scenario with the users, spawn rate and run time that were typed in place of its load.

    What was not typed is the scenario's: its highest number of users, its duration; they come at one a
    second, as in Locust.
    """
    typed = {"-u": settings.users, "-r": settings.spawn_rate, "-t": settings.run_time_s}
    words = [
        f"{flag} {write_run_time(value) if flag == '-t' else f'{value:g}'}"
        for flag, value in typed.items()
        if value is not None
    ]
    said = f"load overridden by {' '.join(words)}"
    if scenario.load.model == "open":
        return replace_load(scenario, None, given, said)
    asked = replace(
        settings,
        users=settings.users if settings.users is not None else round(scenario.full_profile.peak),
        run_time_s=settings.run_time_s if settings.run_time_s is not None else scenario.planned_s,
    )
    return replace_load(scenario, build_manual_profile(asked), given, said)


def write_run_time(seconds: float) -> str:
    """Whole seconds as Locust's `-t` takes them: `2m`, `1h30m`, `45s`."""
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (rest_s, "s")) if count]
    return "".join(parts) or "0s"


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
