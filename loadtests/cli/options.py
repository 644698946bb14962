"""The suite's own options, each stated once: for `python -m loadtests` and for plain `locust`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from configuration.loading import list_scenario_names
from loadtests.cli.values import (
    make_range_parser,
    parse_exporter,
    parse_host_or_nothing,
    parse_monitor,
    parse_port,
    parse_seconds,
    parse_sentence,
    parse_slow,
    parse_trace_link,
    parse_workload,
)
from loadtests.client.addresses import ALL_INTERFACES, LOOPBACK
from loadtests.client.reach import ALLOW_OPTION, ALLOW_VARIABLE
from reports.data.traces import PLACEHOLDER

if TYPE_CHECKING:  # importing Locust patches the standard library, too late for whoever has used it
    from locust.argument_parser import LocustArgumentParser

DEFAULT_SCENARIO: Final = "staged"
MANUAL_SCENARIO: Final = "manual"
WITHOUT_LOGIN: Final = "--web-without-login"
TIME_SCALES: Final = (0.0001, 1_000.0)
LINGER_S: Final = 15.0
"""Three scrapes of a Prometheus that asks every 5 s."""


@dataclass(frozen=True)
class Option:
    """One option of both command lines."""

    flag: str
    help: str
    metavar: str | None = None
    type: Callable[[str], Any] | None = None
    default: Any = None
    """False for an option without a value, () for one that may be given several times."""
    env_var: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
    """What only Locust's parser takes."""

    @property
    def name(self) -> str:
        """Its attribute in the parsed options."""
        return self.flag.lstrip("-").replace("-", "_")

    def describe(self) -> dict[str, Any]:
        """The arguments that any parser's `add_argument` takes."""
        if self.default is False:
            return {"action": "store_true", "help": self.help}
        repeated = {"action": "append", "default": []} if self.default == () else {}
        described = {"metavar": self.metavar, "default": self.default, "help": self.help}
        return described | ({"type": self.type} if self.type is not None else {}) | repeated

    def spell(self, options: Namespace) -> list[str]:
        """The words by which a command line repeats its value; none if it has none."""
        value = getattr(options, self.name)
        if value in (None, "", False):
            return []
        if isinstance(value, list):
            return [word for each in value for word in (self.flag, str(each))]
        return [self.flag] if value is True else [self.flag, str(value)]


SCENARIO: Final = Option(
    "--scenario",
    f"what to run: {', '.join(list_scenario_names())} or a YAML file (default: {DEFAULT_SCENARIO})",
    metavar="NAME|FILE",
    env_var="SCENARIO",
)
SHARED: Final = (
    SCENARIO,
    Option(
        "--note",
        "a remark to keep with the run and show in its report",
        default="",
        env_var="LOADTEST_NOTE",
        more={"include_in_web_ui": True},
    ),
    Option(
        "--trace-link",
        f"where a trace is seen, with {PLACEHOLDER} in it; the report's slowest requests link there",
        metavar="URL",
        type=parse_trace_link,
        default="",
        env_var="LOADTEST_TRACE_LINK",
    ),
    Option(
        "--slow",
        "tell of requests that take so long while the run goes on, and count them in the report: 500ms, 2s",
        metavar="TIME",
        type=parse_slow,
    ),
    Option(
        "--out",
        "where runs are kept, a folder each (default: results)",
        metavar="DIR",
        default="results",
        env_var="LOADTEST_OUT",
    ),
    Option(
        "--time-scale",
        "stretch the durations of stages and warm-up: 0.1 runs ten times shorter (default: 1)",
        metavar="X",
        type=make_range_parser(*TIME_SCALES),
        default=1.0,
    ),
    Option(
        "--objective",
        "one more objective, such as 'p99 latency <= 100 ms'; may be given several times; for a load that is "
        "chosen at the start these replace the scenario's",
        metavar="SENTENCE",
        type=parse_sentence,
        default=(),
    ),
    Option(
        "--baseline",
        "what relative objectives are relative to: a saved baseline, or the folder of a run or of runs "
        "(default: main)",
        metavar="NAME|DIR",
    ),
    Option("--path", "what to ask for, where no scenario says it, such as /predict", metavar="PATH"),
    Option("--method", "how to ask for it (default: GET, with a payload POST)", metavar="METHOD"),
    Option(
        "--payload",
        "what each request carries: JSON, or a file: .json, or records in .jsonl, .csv, .parquet",
        metavar="JSON|FILE",
    ),
    Option(
        "--monitor",
        "observe what this plug-in tells, beside the load; may be given several times",
        metavar="NAME",
        type=parse_monitor,
        default=(),
    ),
    Option(
        "--export",
        "let this plug-in make further files of the judged run; may be given several times",
        metavar="NAME",
        type=parse_exporter,
        default=(),
    ),
    Option("--no-preflight", "begin the load without asking each endpoint once before", default=False),
    Option("--require-proof", "fail if too few samples prove an objective", default=False),
    Option(
        "--stop-when-decided",
        "end the run as soon as each objective is proven or broken, after a fifth of it at the earliest",
        default=False,
    ),
    Option(
        ALLOW_OPTION,
        "this host may be put under load though it has a public address; may be given several times",
        metavar="NAME",
        type=parse_host_or_nothing,
        default=(),
        env_var=ALLOW_VARIABLE,
    ),
    Option(
        WITHOUT_LOGIN,
        "let anybody start load who reaches the web UI beyond this machine, by --web-host",
        default=False,
    ),
    Option(
        "--metrics-port",
        "expose the metrics of a run without web UI to Prometheus on this port, under /metrics "
        "(default: on none)",
        metavar="PORT",
        type=parse_port,
    ),
    Option(
        "--metrics-host",
        f"where that port listens (default: {LOOPBACK}; in a container {ALL_INTERFACES})",
        metavar="IP",
        default=LOOPBACK,
    ),
    Option(
        "--metrics-linger",
        f"how long to wait at the end until the verdict is scraped, at most (default: {LINGER_S:g} s)",
        metavar="S",
        type=parse_seconds,
        default=LINGER_S,
    ),
    Option(
        "--kubernetes",
        "observe the replicas of a Deployment and what its pods use, if kubectl reaches its cluster",
        metavar="NAMESPACE/DEPLOYMENT",
        type=parse_workload,
    ),
)


class DefaultText(str):
    """The text of a default: told apart from the same text typed by somebody."""

    __slots__ = ()


class ScenarioChoices(list[str]):
    """The names, for the web form's drop-down; any other text may be a file, so none is refused."""

    def __contains__(self, _: object) -> bool:
        return True


def add_to_locust(parser: LocustArgumentParser) -> None:
    """Add the options to Locust's parser; those that a person sets for one run are in the web form too.

    Locust's web UI, in which anyone who reaches it may start runs, listens on loopback unless told otherwise.
    """
    parser.set_defaults(web_host=LOOPBACK)
    for option in SHARED:
        described = option.describe() | {"include_in_web_ui": False} | option.more
        if option is SCENARIO:
            choices = ScenarioChoices(list_scenario_names())
            described |= {"default": DefaultText(DEFAULT_SCENARIO), "choices": choices}
            described["include_in_web_ui"] = True
        if option.env_var is not None:
            described["env_var"] = option.env_var
        parser.add_argument(option.flag, **described)
    parser.add_argument(
        "--calm",
        action="store_true",
        include_in_web_ui=False,
        help="one progress line in place of Locust's tables",
    )


def add_to_own(parser: ArgumentParser) -> None:
    """Add the options to the parser of `python -m loadtests`, which leaves the environment to Locust's."""
    for option in SHARED:
        parser.add_argument(option.flag, **option.describe())
