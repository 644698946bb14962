"""`model-loadtest capacity`: the highest rate of requests that meets the objectives of a scenario."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from capacity.search import SearchLimits
from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from configuration.trials import check_searchable
from loadtests.cli.child_process import ChildProcess
from loadtests.cli.child_run import NothingRunError
from loadtests.cli.command import MODULE_PROGRAM
from loadtests.cli.exit_codes import INVALID, PASS, USAGE
from loadtests.cli.own_service import OwnService, ServiceError
from loadtests.cli.values import make_count_parser, make_range_parser
from loadtests.client.target import Target, read_headers
from loadtests.recording.parent import end_with_parent
from loadtests.searching.search import search_capacity
from loadtests.searching.trying import TrialRunner
from loadtests.searching.writing import PAGE, write_findings
from reports.data.folder import FolderError

MOST_TRIALS: Final = 100
SHORTEST_S: Final = 10.0
LONGEST_S: Final = 36_000.0
_OWN: Final = ("--out", "--scenario", "--web", "--worker", "--master", "--list", "--check", "--time-scale")
"""Options of a load test that the search gives itself, or that make no run."""


def main(arguments: Sequence[str] | None = None, program: str = MODULE_PROGRAM) -> int:
    """Search: 0 a capacity was found, 2 nothing was run, 3 no capacity that could be relied on."""
    options, words = _read_arguments(sys.argv[1:] if arguments is None else arguments, f"{program} capacity")
    try:
        end_with_parent()
        scenario = load_scenario(options.scenario)
        check_searchable(scenario)
        limits = SearchLimits(options.precision, options.confidence, options.trials, options.extend)
        moment = datetime.now(UTC)
        out = options.out or Path("results") / f"{scenario.name}-capacity-{moment:%Y%m%dT%H%M%SZ}"
        if out.exists() and any(out.iterdir()):
            raise ConfigurationError(f"--out {out} holds something already: name a new folder")
        with _find_service(options.host) as host, ChildProcess() as child:
            out.mkdir(parents=True, exist_ok=True)
            told = ["--host", host, *words]
            runner = TrialRunner(
                scenario, out.resolve(), told, options.trial_s, limits.trial_confidence, child, _say
            )
            found = search_capacity(runner, limits, options.start, host, f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        write_findings(found, out)
    except (ConfigurationError, FolderError, ServiceError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except NothingRunError as error:
        print(f"A run of the search ended with {error.code}:\n{error}", file=sys.stderr)
        return error.code or USAGE
    except OSError as error:
        print(f"The search can't be kept: {error}", file=sys.stderr)
        return USAGE
    print("\n".join([found.sentence, *found.remarks, f"Report: {out / PAGE}"]))
    return PASS if found.is_valid else INVALID


@contextmanager
def _find_service(host: str | None) -> Iterator[str]:
    if host is not None:
        yield Target.parse(host, read_headers()).url
        return
    with OwnService() as service:
        yield service.host


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _read_arguments(arguments: Sequence[str], program: str) -> tuple[argparse.Namespace, list[str]]:
    """The options of the search, and the words for each load test; or the process ends with a message."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Find the highest rate of requests that meets the objectives of a scenario. Its traffic "
        "and objectives count, its load doesn't. Further options are those of a load test.",
        epilog="exit codes: 0 found; 2 usage, or nothing was run; 3 nothing found that can be relied on",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--scenario", metavar="NAME|FILE", default=os.environ.get("SCENARIO") or "smoke", help="what to ask")
    add("--host", metavar="URL", help="the service (default: the suite's own, which is started)")
    add("--out", metavar="DIR", type=Path, help="a new folder (default: results/SCENARIO-capacity-TIME)")
    add(
        "--start",
        metavar="RATE",
        type=make_range_parser(1e-3, 1e9),
        help="the first rate in requests/s (default: by more and more users who never pause)",
    )
    add(
        "--precision",
        metavar="SHARE",
        type=make_range_parser(0.001, 0.9),
        default=0.05,
        help="how narrow the bracket shall be, as a share (default: %(default)s)",
    )
    add(
        "--confidence",
        metavar="C",
        type=make_range_parser(0.5, 0.9999),
        default=0.95,
        help="of both bounds together (default: %(default)s)",
    )
    add(
        "--trials",
        metavar="N",
        type=make_count_parser(MOST_TRIALS),
        default=14,
        help="try at most so many rates (default: %(default)s)",
    )
    add(
        "--trial",
        dest="trial_s",
        metavar="S",
        type=make_range_parser(SHORTEST_S, LONGEST_S),
        default=120.0,
        help="how long a trial may take in s; most are decided sooner (default: %(default)g)",
    )
    add(
        "--extend",
        metavar="N",
        type=make_range_parser(1, 100),
        default=SearchLimits.extension,
        help="try some of the rates that stayed open again, N times as long (default: %(default)g; 1: none)",
    )
    options, words = parser.parse_known_args(arguments)
    for word in words:
        if word.partition("=")[0] in _OWN:
            parser.error(f"{word} has no place in a search: leave it out")
    return options, words
